// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge

// The functions of `rg_edge.h`, "Keeping a session". Their documentation is there.

@c @implementation
public func rg_session_save(_ session: OpaquePointer!, _ path: UnsafePointer<CChar>!) -> rg_status {
    status { () throws(Failure) in
        let path = try RGEdgeC.path(path)
        try use(session) { session throws(Failure) in
            try Headroom.with(0, for: "to pack a session") { () throws(Failure) in
                try failures(session.save(to: path))
            }
        }
    }
}

@c @implementation
public func rg_session_load(
    _ model: OpaquePointer!, _ path: UnsafePointer<CChar>!, _ session: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let path = try RGEdgeC.path(path)
        let result = try required(session, "session")
        try Headroom.with(0, for: "to load a session") { () throws(Failure) in
            let loaded = try failures(model.session(from: path))
            result.pointee = SessionHandle.make(loaded)
        }
    }
}

@c @implementation
public func rg_session_serialize(
    _ session: OpaquePointer!, _ buffer: UnsafeMutableRawPointer!, _ capacity: Int, _ size: UnsafeMutablePointer<Int>!
) -> rg_status {
    status { () throws(Failure) in
        let result = try ResultBuffer(
            buffer?.assumingMemoryBound(to: UInt8.self), capacity: capacity, size: size, "buffer", sizeName: "size")
        try use(session) { session throws(Failure) in
            let room = try result.room(for: session.largestSerialization)
            try Headroom.with(0, for: "to pack a session") { () throws(Failure) in
                try failures(session.completeLogits())
                result.report(session.serialize(into: UnsafeMutableRawBufferPointer(room)) ?? 0)
            }
        }
    }
}

@c @implementation
public func rg_session_deserialize(
    _ model: OpaquePointer!, _ buffer: UnsafeRawPointer!, _ size: Int, _ session: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let bytes = try RGEdgeC.buffer(buffer?.assumingMemoryBound(to: UInt8.self), size, "buffer")
        let result = try required(session, "session")
        try Headroom.with(0, for: "for a session") { () throws(Failure) in
            let restored = try failures(model.session(deserializing: bytes.span.bytes))
            result.pointee = SessionHandle.make(restored)
        }
    }
}
