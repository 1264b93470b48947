// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge

// The function of `rg_edge.h` that feeds several sessions at once. Its documentation is there.

@c @implementation
public func rg_sessions_feed(
    _ sessions: UnsafePointer<OpaquePointer?>!, _ session_count: Int, _ tokens: UnsafePointer<UnsafePointer<UInt32>?>!,
    _ counts: UnsafePointer<Int>!, _ statuses: UnsafeMutablePointer<rg_status>!
) -> rg_status {
    status { () throws(Failure) in
        let pointers = try buffer(sessions, session_count, "sessions")
        let starts = try buffer(tokens, session_count, "tokens"), counts = try buffer(counts, session_count, "counts")
        guard let first = pointers.first else { return }
        let model = try SessionHandle.of(first).session.model
        // What is kept of each session while it is fed, and the last tokens of one that may have to go back.
        try Headroom.with(24 << 10, times: pointers.count, for: "to feed \(pointers.count) sessions") { () throws(Failure) in
            var handles: [SessionHandle] = []
            for pointer in pointers {
                let handle = try SessionHandle.of(pointer)
                guard !handles.contains(where: { $0 === handle }) else {
                    throw .argument("a session is there twice; give it all its tokens at once")
                }
                handles.append(handle)
            }
            try SessionHandle.use(handles) { () throws(Failure) in
                var feeds: [Model.Feed] = []
                for (index, handle) in handles.enumerated() {
                    feeds.append(
                        Model.Feed(
                            session: handle.session, tokens: try buffer(starts[index], counts[index], "tokens of a session"),
                            isCancelled: { handle.isCancelled }))
                }
                let constrained = handles.reduce(0) { $0 + Constraint.growthBytes(under: $1.session) }
                var found: [(index: Int, failure: Failure)] = []
                try Headroom.with(constrained, for: "for the constraints of the sessions") { () throws(Failure) in
                    found = try failures(model.feed(feeds)).map { ($0.index, Failure($0.error)) }
                }
                if let statuses {
                    for index in feeds.indices { statuses[index] = RG_OK }
                    for (index, failure) in found { statuses[index] = failure.status }
                }
                if let first = found.first { throw first.failure }
            }
        }
    }
}
