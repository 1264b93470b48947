import RGEdge
import System

/// Constraints that were made for earlier requests: programs ask for the same form again and again.
final class ConstraintCache: Sendable {
    /// How many are kept, and how many bytes they may have.
    static let limit = 8, byteLimit = 16 << 20

    private let model: Model
    private let constraints = Guarded<[Constraint]>([])

    init(_ model: Model) { self.model = model }

    /// The constraint of a form. Throws for one that is wrong or has what isn't supported.
    func constraint(_ form: Constraint.Form) throws(ModelError) -> Constraint {
        if let known = constraints.withLock({ constraints in
            constraints.firstIndex { $0.form == form }.map { index in
                let known = constraints.remove(at: index)
                constraints.append(known)
                return known
            }
        }) {
            return known
        }
        let made = try model.constraint(form)
        constraints.withLock { constraints in
            constraints.append(made)
            while constraints.count > Self.limit
                || constraints.count > 1 && constraints.reduce(0, { $0 + $1.byteCount }) > Self.byteLimit
            {
                constraints.removeFirst()
            }
        }
        return made
    }
}
