import NIOCore

/// Counts the bytes that go out, as the last that they pass.
final class OutputMeter: ChannelOutboundHandler {
    typealias OutboundIn = IOData

    /// Bytes so far, whether the system has taken them or not.
    private(set) var count = 0

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        count += Self.unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}
