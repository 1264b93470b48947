// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import Glibc
import RGEdge

// The functions of `rg_edge.h`, "Constraint". Their documentation is there.

@c @implementation
public func rg_constraint_create(
    _ model: OpaquePointer!, _ form: rg_constraint_form, _ text: UnsafePointer<CChar>!, _ length: Int,
    _ constraint: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let text = try buffer(text, form == RG_CONSTRAINT_JSON ? 0 : length, "text")
        let result = try required(constraint, "constraint")
        try make(model, textBytes: text.count, result) { () throws(Failure) in
            let text = String(decoding: UnsafeRawBufferPointer(text), as: UTF8.self)
            switch form {
            case RG_CONSTRAINT_JSON_SCHEMA: return .jsonSchema(text)
            case RG_CONSTRAINT_JSON: return .json
            case RG_CONSTRAINT_GBNF: return .gbnf(text)
            case RG_CONSTRAINT_REGEX: return .regex(text)
            default: throw .argument("the form of the constraint is \(form.rawValue); use one of RG_CONSTRAINT_…")
            }
        }
    }
}

@c @implementation
public func rg_constraint_create_choices(
    _ model: OpaquePointer!, _ choices: UnsafePointer<UnsafePointer<CChar>?>!, _ count: Int,
    _ constraint: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let choices = try buffer(choices, count, "choices")
        let result = try required(constraint, "constraint")
        var bytes = 0
        for choice in choices {
            let (sum, overflow) = bytes.addingReportingOverflow(strlen(try required(choice, "a choice")) + 64)
            bytes = overflow ? .max : sum
        }
        try make(model, textBytes: bytes, result) { () throws(Failure) in
            var texts: [String] = []
            for choice in choices { texts.append(try string(choice, "a choice")) }
            return .choices(texts)
        }
    }
}

@c @implementation
public func rg_constraint_destroy(_ constraint: OpaquePointer!) {
    guard let constraint else { return }
    Unmanaged<Constraint>.fromOpaque(UnsafeRawPointer(constraint)).release()
}

@c @implementation
public func rg_session_constrain(_ session: OpaquePointer!, _ constraint: OpaquePointer!) -> rg_status {
    status { () throws(Failure) in
        try use(session) { session throws(Failure) in
            try Headroom.with(Constraint.growthBytes(of: session.model), for: "to constrain a session") { () throws(Failure) in
                try failures(session.constrain(by: Constraint.of(constraint)))
            }
        }
    }
}

/// Makes a constraint of a form, with memory for a text of so many bytes.
private func make(
    _ model: Model, textBytes: Int, _ result: UnsafeMutablePointer<OpaquePointer?>,
    _ form: () throws(Failure) -> Constraint.Form
) throws(Failure) {
    try Headroom.with(
        Constraint.bytesPerTextByte, times: textBytes, and: Constraint.baseBytes(of: model), for: "to make a constraint"
    ) { () throws(Failure) in
        let form = try form()
        let constraint = try failures(model.constraint(form))
        result.pointee = OpaquePointer(Unmanaged.passRetained(constraint).toOpaque())
    }
}

extension Constraint {
    /// Bytes by which the constraint that a session is under may grow in a call; 0 if there is none.
    static func growthBytes(under session: Session) -> Int {
        session.constraint == nil ? 0 : growthBytes(of: session.model)
    }

    /// Runs `body` with memory for what the constraint of a session may need, if it has one.
    static func withHeadroom(under session: Session, _ body: () throws(Failure) -> Void) throws(Failure) {
        let bytes = growthBytes(under: session)
        guard bytes > 0 else { return try body() }
        try Headroom.with(bytes, for: "for a constraint", body)
    }

    /// The object behind a handle; nil for NULL.
    static func of(_ pointer: OpaquePointer?) -> Constraint? {
        pointer.map { Unmanaged.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }
}
