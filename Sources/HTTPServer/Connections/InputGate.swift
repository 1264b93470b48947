import NIOCore

/// What comes from a client passes here first: it is counted, and dropped once the last answer is given.
final class InputGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    weak var connection: Connection?
    /// Bytes that came since the phase began.
    var count = 0
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        count += Self.unwrapInboundIn(data).readableBytes
        guard let connection else { return context.fireChannelRead(data) }
        if case .closing = connection.phase {
            if count > Self.droppedBytes { connection.cut() }
            return
        }
        connection.receives()
        context.fireChannelRead(data)
        connection.hasReceived()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        readOn()
    }

    /// Reads although the handler for pipelined requests may hold reading back: unread bytes would make the system reset the
    /// connection when it is closed, and the client might lose the answer.
    func readOn() {
        if case .closing = connection?.phase { context?.read() }
    }

    /// How much of a body that nobody wants is read, so that the client gets the answer that says so.
    private static let droppedBytes = 16 << 20
}
