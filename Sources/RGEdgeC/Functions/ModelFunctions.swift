// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import RGEdge

// The functions of `rg_edge.h`, "Model". Their documentation is there.

@c @implementation
public func rg_model_open(
    _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<rg_model_options>!, _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let result = try required(model, "model")
        try open(.path(try RGEdgeC.path(path)), options, to: result)
    }
}

@c @implementation
public func rg_model_open_fd(
    _ descriptor: Int32, _ offset: UInt64, _ size: UInt64, _ options: UnsafePointer<rg_model_options>!,
    _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let result = try required(model, "model")
        guard let start = Int(exactly: offset), let byteCount = Int(exactly: size) else {
            throw .argument("no file has \(size) bytes from \(offset) on; check offset and size")
        }
        try open(.descriptor(descriptor, offset: start, byteCount: byteCount == 0 ? nil : byteCount), options, to: result)
    }
}

@c @implementation
public func rg_model_open_memory(
    _ bytes: UnsafeRawPointer!, _ size: Int, _ options: UnsafePointer<rg_model_options>!,
    _ release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)!, _ user: UnsafeMutableRawPointer!,
    _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> rg_status {
    status { () throws(Failure) in
        let result = try required(model, "model")
        let bytes = try buffer(bytes?.assumingMemoryBound(to: UInt8.self), size, "bytes")
        let lease = MemoryLease { release?(user) }
        try open(.memory(UnsafeRawBufferPointer(bytes), owner: lease), options, to: result)
        lease.isOurs = true
    }
}

/// Opens a model for a caller.
private func open(
    _ source: ModelSource, _ options: UnsafePointer<rg_model_options>?, to result: UnsafeMutablePointer<OpaquePointer?>
) throws(Failure) {
    let options = try options.map { (options) throws(Failure) in Model.Options(try SizedStruct.read(options, "options")) }
    let opening = try failures(Model.Opening(source, isGuarded: options?.guardFile ?? false))
    try Headroom.with(opening.allocatedBytes, for: "to open \(opening.path)") { () throws(Failure) in
        let opened = try failures(Model(opening, options: options ?? Model.Options()))
        result.pointee = OpaquePointer(Unmanaged.passRetained(ModelHandle(opened)).toOpaque())
    }
}

@c @implementation
public func rg_model_close(_ model: OpaquePointer!) {
    guard let model else { return }
    Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(model)).release()
}

@c @implementation
public func rg_model_get_info(_ model: OpaquePointer!, _ info: UnsafeMutablePointer<rg_model_info>!) -> rg_status {
    status { () throws(Failure) in
        let model = try ModelHandle.of(model).model
        let info = try required(info, "info")
        try SizedStruct.check(info, "info")
        SizedStruct.write(to: info) { $0.describe(model) }
    }
}

extension Model.Options {
    fileprivate init(_ options: rg_model_options) {
        self.init(
            threads: options.threads == 0 ? nil : Int(options.threads), verify: options.verify, preload: options.preload,
            lockMemory: options.lock_memory, guardFile: options.catch_sigbus != 0, residency: Residency(options.resident_bytes),
            latency: options.latency_ms == 0 ? Model.Options().latency : .milliseconds(Int64(clamping: options.latency_ms)))
    }
}

extension Residency {
    /// The member of `rg_model_options`: bytes, or one of RG_RESIDENT_….
    fileprivate init(_ bytes: UInt64) {
        switch bytes {
        case 0: self = .auto
        case .max: self = .all
        case .max - 1: self = .mapped
        default: self = .bytes(Int(clamping: bytes))
        }
    }
}

extension rg_model_info {
    fileprivate mutating func describe(_ model: Model) {
        let configuration = model.configuration
        vocabulary_size = UInt32(clamping: configuration.vocabularySize)
        layer_count = UInt32(clamping: configuration.layerCount)
        width = UInt32(clamping: configuration.width)
        window = UInt32(clamping: configuration.window)
        parameter_count = UInt64(clamping: model.parameterCount)
        file_bytes = UInt64(clamping: model.mappedBytes)
        session_bytes = UInt64(clamping: model.sessionBytes)
        bos = configuration.bos
        eos = configuration.eos
        end_of_turn = configuration.endOfTurn ?? .max
        is_instruction_tuned = model.isInstructionTuned
        resident_bytes = UInt64(clamping: model.residentBytes)
        streamed_bytes = UInt64(clamping: model.streamedBytes)
        shared_bytes = UInt64(clamping: model.sharedBytes)
    }
}
