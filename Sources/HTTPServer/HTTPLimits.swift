/// How much of a client's the server takes, and how long it waits for it.
package struct HTTPLimits: Sendable {
    /// Bytes of a body; more are answered 413.
    package var bodyBytes = 1 << 20
    /// Bytes of all bodies together that are being read. Where they would be more, those under way for longer than ``patience``
    /// are given up (408), and where there are none, those that bring more (503). A body alone always has room.
    package var unfinishedBodyBytes = 32 << 20
    /// Bytes of the request line and the fields; more are answered 431.
    package var headerBytes = 16 << 10
    /// Fields; more are answered 431.
    package var headerCount = 100
    /// Seconds for a head to arrive: from its first byte, or from when the connection was made. Then 408, or nothing if not a byte
    /// of it has come.
    package var headTimeout = 10.0
    /// Seconds for a body to arrive. Then 408.
    package var bodyTimeout = 30.0
    /// Seconds that a connection stays open for the next request.
    package var idleTimeout = 75.0
    /// Seconds in which a client must take ``leastTaken`` bytes of what waits for it, or all of it. Then the connection is cut.
    package var writeTimeout = 30.0
    /// Bytes that count as progress. A byte now and then would keep an answer, and the thread that makes it, for ever; this is what
    /// a modem of 1990 does.
    package var leastTaken = 16 << 10
    /// Connections at the same time. For one more, the one idle for longest is cut; where none is, it is answered 503 and closed.
    package var connections = 1024
    /// Bytes of an answer that wait for a client to take them, before ``HTTPExchange/write(_:)`` waits too.
    package var pendingBytes = 64 << 10
    /// Bytes of all answers together that wait for their clients to take them. Where one that is given as a whole, and isn't small,
    /// would make them more, connections are cut whose clients have taken next to nothing for ``patience``, and where that isn't
    /// enough, its own. An answer alone always has room.
    package var unsentBytes = 32 << 20
    /// Seconds after which those that don't get on make room for others, where a limit is reached: heads and bodies that aren't
    /// whole, answers that aren't taken.
    package var patience = 2.0

    /// The usual limits.
    package init() {}
}
