import NIOCore
import NIOHTTP1

/// A client's connection, at the end of its pipeline: requests come in, and the parts of their answers go out. Used on the loop
/// alone.
///
/// The pipeline, from the socket: ``OutputMeter``, ``InputGate``, NIO's encoder, NIO's decoder, ``PipelineLimit``, NIO's handler for
/// pipelined requests (it hands over one at a time, and stops reading meanwhile; that the client goes is noticed without reading),
/// this.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// What a connection is about.
    enum Phase {
        /// Waits for a head, or gets one.
        case head
        /// Gets a body.
        case body
        /// A request was refused by its head, has no body, and isn't over yet.
        case refused(HTTPAnswer)
        /// Waits for the answer to go out.
        case answer
        /// Has its last answer, and drops what still comes.
        case closing
    }

    let core: ServerCore
    let gate: InputGate
    let pipeline: PipelineLimit
    let meter: OutputMeter
    /// NIO's handlers' contexts: this one's, and that of the handler for pipelined requests. That one takes no answer without a
    /// request, so those to half a request are written past it.
    var context: ChannelHandlerContext?
    var pipelining: ChannelHandlerContext?
    var phase = Phase.head
    /// When the phase began, or the head's first byte came.
    var since = NIODeadline.now()
    /// True until the first request.
    var isNew = true
    /// True from a head's first byte on.
    var isReceiving = false
    /// The request that is being read or answered.
    var request = RequestState()
    /// The answer under way.
    var answer: AnswerStream?
    /// When the system last had taken enough to count, and then: bytes that it had taken of all, and that it hadn't.
    var unsentSince = NIODeadline.now()
    var taken = 0
    var unsent = 0
    /// Bytes of answers' parts that the system hasn't wholly taken.
    var untakenBytes = 0
    /// True if an answer's end waits for the client to take what comes before.
    var isEndHeld = false
    /// True while the last part of an answer is passed on, in which the next requests arrive.
    var isEnding = false

    init(core: ServerCore, gate: InputGate, pipeline: PipelineLimit, meter: OutputMeter) {
        self.core = core
        self.gate = gate
        self.pipeline = pipeline
        self.meter = meter
    }

    /// Sets up a channel that was just accepted.
    static func add(to channel: any Channel, of core: ServerCore) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = core.limits.headerBytes
        limits.maxHeaderListSize = core.limits.headerBytes
        limits.maxHeaderFieldCount = core.limits.headerCount
        var encoding = HTTPResponseEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false

        let gate = InputGate()
        let limit = PipelineLimit()
        let meter = OutputMeter()
        let connection = Connection(core: core, gate: gate, pipeline: limit, meter: meter)
        gate.connection = connection
        let pipelining = HTTPServerPipelineHandler()
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            meter, gate, HTTPResponseEncoder(configuration: encoding),
            // What the decoder keeps without counting it: blanks before a field's value. Bytes of bodies it passes on at once.
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits),
                maximumBufferSize: core.limits.headerBytes + slack),
            limit, pipelining, connection,
        ])
        connection.pipelining = try pipeline.context(handler: pipelining)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { opened() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closed()
        self.context = nil
        pipelining = nil
        gate.connection = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        opened()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        closed()
        context.fireChannelInactive()
    }

    private func opened() {
        guard let channel = context?.channel else { return }
        SocketOptions.set(on: channel, core.limits)
        core.opened(self)
        let excess = core.counts.connections - core.limits.connections
        if excess > 0, core.makeRoomForConnection() { return }
        if excess > Self.refusedConnections {
            cut()
        } else if excess > 0 {
            fail(.tooManyConnections)
        }
    }

    private func closed() {
        core.closed(self)
        phase = .closing
        dropBody()
        let lost = answer
        answer = nil
        lost?.clientHasGone()
    }

    /// Connections beyond the limit that are told so. When there are even more, they are cut.
    private static let refusedConnections = 64
}
