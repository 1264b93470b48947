import NIOCore
import NIOHTTP1

/// Bounds what waits behind an answer. A packet holds thousands of small requests, which take thirty times its size once they are
/// read: those beyond a number are dropped, and the connection is closed after the last that was kept, which tells a client to send
/// the others again. And it holds thousands of a body's chunks of one byte, which would take more than that: each read's are made
/// one.
final class PipelineLimit: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Requests that have come and weren't begun.
    private var waiting = 0
    /// True once some were dropped.
    private var isFull = false
    /// What this read has brought of the body of a request that waits.
    private var held: ByteBuffer?

    /// True if the request that was begun last is the connection's last.
    var isOver: Bool { isFull && waiting == 0 }

    /// A request is begun.
    func begins() { waiting -= 1 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .body(var part) where waiting > 0 && !isFull:
            if held == nil { held = part } else { held?.writeBuffer(&part) }
            return
        case .head:
            passHeld(context)
            isFull = isFull || waiting >= Self.limit
            if !isFull { waiting += 1 }
        case .body, .end: passHeld(context)
        }
        if !isFull { context.fireChannelRead(data) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        passHeld(context)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passHeld(context)
        context.fireErrorCaught(error)
    }

    private func passHeld(_ context: ChannelHandlerContext) {
        guard let part = held else { return }
        held = nil
        context.fireChannelRead(Self.wrapInboundOut(.body(part)))
    }

    private static let limit = 32
}
