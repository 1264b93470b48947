import NIOCore

// Who makes room where a limit is reached: not who comes last, for then a few that stall would lock out everybody else.
extension ServerCore {
    /// Cuts a connection for a new one; false if all are in use. Those kept open for a next request come first, then those that
    /// haven't sent a whole head for a while.
    func makeRoomForConnection() -> Bool {
        let candidates = onLoop.value.connections.values.filter { $0.isKept || $0.isInHead && isStalled(since: $0.since) }
        let victim = candidates.min { ($0.isKept ? 0 : 1, $0.since) < ($1.isKept ? 0 : 1, $1.since) }
        victim?.cut()
        return victim != nil
    }

    /// Counts bytes of a body that is being read; false if there are too many of all bodies.
    func reserve(bodyBytes count: Int, for connection: Connection) -> Bool {
        let limit = max(limits.unfinishedBodyBytes, limits.bodyBytes)
        if onLoop.value.bodyBytes + count > limit {
            let stalled = onLoop.value.connections.values.filter {
                $0 !== connection && $0.isInBody && !$0.request.body.isEmpty && isStalled(since: $0.since)
            }
            for victim in stalled.sorted(by: { $0.since < $1.since }) where onLoop.value.bodyBytes + count > limit {
                victim.fail(.timeout)
            }
        }
        guard onLoop.value.bodyBytes + count <= limit else { return false }
        onLoop.value.bodyBytes += count
        return true
    }

    func release(bodyBytes count: Int) { onLoop.value.bodyBytes -= count }

    /// Counts bytes of an answer that its client is to take; false if there are too many of all answers. What is streamed has a
    /// limit of its own, and what is small does no harm.
    func reserve(unsentBytes count: Int, isWhole: Bool, for connection: Connection) -> Bool {
        let isLarge = isWhole && count > Self.smallAnswer
        var isTooMuch: Bool {
            isLarge && onLoop.value.unsentBytes > 0 && onLoop.value.unsentBytes + count > limits.unsentBytes
        }
        if isTooMuch {
            let stalled = onLoop.value.connections.values.filter {
                $0 !== connection && $0.untakenBytes > Self.smallAnswer && isStalled(since: $0.unsentSince)
            }
            for victim in stalled.sorted(by: { $0.unsentSince < $1.unsentSince }) where isTooMuch { victim.cut() }
        }
        guard !isTooMuch else { return false }
        onLoop.value.unsentBytes += count
        connection.untakenBytes += count
        return true
    }

    private static let smallAnswer = 4 << 10

    func release(unsentBytes count: Int, of connection: Connection) {
        onLoop.value.unsentBytes -= count
        connection.untakenBytes -= count
    }

    private func isStalled(since time: NIODeadline) -> Bool { NIODeadline.now() - time > .seconds(limits.patience) }
}

extension Connection {
    /// True between two requests.
    fileprivate var isKept: Bool { isInHead && !isNew && !isReceiving }

    fileprivate var isInHead: Bool {
        if case .head = phase { true } else { false }
    }

    fileprivate var isInBody: Bool {
        if case .body = phase { true } else { false }
    }
}
