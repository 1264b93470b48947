import KernelTypes
import Kernels

/// Watches a ``ForwardPass``: how long its operations take, what its matrices read. Set as ``ForwardPass/observer``.
///
/// What it does takes time of the pass, and must not change what is computed.
public protocol ForwardPassObserver: AnyObject {
    /// Runs an operation, by calling `body` once. Called on member 0 of the team alone, since all members end an operation
    /// together.
    func run(_ operation: ForwardPass.Operation, _ body: () -> Void)

    /// Sees a product that is about to be computed, whose inputs are there. Called on every member; must return only when all
    /// members are done with the inputs (`TeamMember.share`): a member that went on would soon write over them.
    func willMultiply(_ product: MatrixProduct, _ member: TeamMember)
}

extension ForwardPassObserver {
    /// Runs the operation and notes nothing.
    public func run(_ operation: ForwardPass.Operation, _ body: () -> Void) { body() }

    /// Notes nothing.
    public func willMultiply(_ product: MatrixProduct, _ member: TeamMember) {}
}
