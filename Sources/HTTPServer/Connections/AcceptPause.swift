import Glibc
import NIOCore

/// Lets a listening socket rest when no connection can be accepted because files or memory are used up. Without it, the loop would
/// try again and again: the system keeps saying that somebody waits.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) else { return }
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.scheduleTask(in: .milliseconds(200)) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
