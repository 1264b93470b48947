import NIOCore

// What takes too long.
extension Connection {
    /// Looks at the connection's clock, from time to time.
    func check(_ now: NIODeadline) {
        guard let context else { return }
        let unsent = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let taken = meter.count - unsent
        if unsent == 0 || taken - self.taken >= min(self.unsent, core.limits.leastTaken) {
            self.taken = taken
            self.unsent = unsent
            if unsent > 0 { unsentSince = now }
        }
        guard unsent == 0 else {
            // Requests wait while an answer does, so no other clock runs.
            if now - unsentSince > .seconds(core.limits.writeTimeout) { cut() }
            return
        }

        let time = now - max(since, unsentSince)
        switch phase {
        case .head where isReceiving: if time > .seconds(core.limits.headTimeout) { fail(.timeout) }
        case .head:
            let limit = isNew ? core.limits.headTimeout : core.limits.idleTimeout
            if time > .seconds(limit) { closeGently() }
        case .body, .refused: if time > .seconds(core.limits.bodyTimeout) { fail(.timeout) }
        case .answer: break
        case .closing: if time > Self.lingering { cut() }
        }
    }

    /// How long a client may take to close its side.
    private static let lingering = TimeAmount.seconds(Int64(2))
}
