import Foundation
import JSON
import System
import TestSupport
import Testing

@testable import Checkpoint

/// Safetensors files that are damaged or made to do harm.
@Suite struct SafetensorsTests {
    /// The error that a weight file gives; nil if it opens.
    static func error(_ file: [UInt8]) throws -> FileProblem? {
        let folder = try CheckpointBuilder(files: ["tokenizer.model": [1], "model.safetensors": file]).write()
        let error = openingError(folder.path)
        if let error {
            #expect(error.path == folder.file("model.safetensors"))
            #expect(!error.advice.isEmpty)
        }
        return error
    }

    static func expect(_ file: [UInt8], _ problem: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let error = try Self.error(file)
        #expect(
            error?.problem.contains(problem) == true, "\(error?.description ?? "no error")", sourceLocation: sourceLocation)
    }

    static let good = SafetensorsBuilder([
        .init("a", [1, 2]), .init("b", [3]), .init("c", type: "BF16", halves: [0, 1, 2]),
    ])

    @Test func aFileCutAtAnyByteIsRefused() throws {
        let file = Self.good.serialized
        #expect(try Self.error(file) == nil)
        for count in file.indices { #expect(try Self.error(Array(file[..<count])) != nil, "cut at \(count)") }
    }

    @Test func aFileWithMoreBytesIsRefused() throws {
        var file = Self.good
        file.trailer = [0]
        try Self.expect(file.serialized, "1 bytes after the last tensor belong to no tensor")
    }

    @Test func aHeaderWithAnyBitFlippedIsRefusedOrStaysInTheFile() throws {
        let file = Self.good.serialized
        let folder = try CheckpointBuilder().write()
        for index in 0..<file.count - 18 {
            for bit in 0..<8 {
                var damaged = file
                damaged[index] ^= 1 << UInt8(bit)
                try folder.write(damaged, to: "model.safetensors")
                guard let checkpoint = try? Checkpoint(folder: folder.path) else { continue }
                for tensor in checkpoint.tensors { _ = try? checkpoint.values(of: tensor) }
            }
        }
    }

    @Test(arguments: [1 << 60, UInt64.max, 1 << 63, 100_000_001] as [UInt64]) func aHeaderTooLongIsRefused(_ length: UInt64)
        throws
    {
        try Self.expect(bytes([length]) + Array("{}".utf8), "has a header of \(length) bytes, more than the 100000000")
    }

    @Test func aHeaderLongerThanTheFileIsRefused() throws {
        try Self.expect(bytes([UInt64(3)]) + Array("{}".utf8), "is cut: its header has 3 bytes, the whole file only 10")
    }

    @Test(arguments: [
        ("", "has a header that is not valid JSON: the text is empty"), ("{", "has a header that is not valid JSON"),
        ("[]", "has a header that is not a JSON object"), ("{}", "holds no tensors"),
        (#"{"__metadata__":{}}"#, "holds no tensors"),
        (#"{"a":{},"a":{}}"#, "duplicate"), (#"{"a":1}"#, "tensor a has no dtype"),
        (#"{"a":{"dtype":5}}"#, "tensor a has no dtype"),
        (#"{"a":{"dtype":"F32"}}"#, "tensor a has no shape"),
        (#"{"a":{"dtype":"F32","shape":{}}}"#, "tensor a has no shape"),
        (#"{"a":{"dtype":"F32","shape":[0]}}"#, "tensor a has data_offsets that are not two whole numbers"),
        (#"{"\u001b[31m":{"dtype":"F32"}}"#, #"tensor \u{1B}[31m has no shape"#),
        (#"{"é":{}}"#, "has a name that is not ASCII"),
    ]) func aHeaderThatSaysTooLittleIsRefused(_ header: String, _ problem: String) throws {
        try Self.expect(SafetensorsBuilder.file(header: Array(header.utf8)), problem)
    }

    /// To Swift these two names are equal, though not to JSON.
    @Test func namesThatDifferInBytesOnlyAreRefused() throws {
        try Self.expect(
            SafetensorsBuilder([.init("\u{E9}", [1]), .init("e\u{301}", [1])]).serialized, "has a name that is not ASCII")
    }

    @Test(arguments: ["F64", "I8", "U8", "I64", "BOOL", "F8_E4M3", "bf16", "\u{7}"]) func anotherNumberFormatIsRefused(
        _ type: String
    ) throws {
        let file = SafetensorsBuilder([.init("a", type: type, shape: [1], data: [0, 0, 0, 0])]).serialized
        try Self.expect(file, "tensor a is stored as \(type == "\u{7}" ? "\\u{07}" : type), which is not supported")
    }

    @Test(
        arguments: [
            ([-1], "has a shape that is not all whole numbers from 0 on"),
            ([1.5], "has a shape that is not all whole numbers"),
            (["1"], "has a shape that is not all whole numbers"), ([.null], "has a shape that is not all whole numbers"),
            ([4_294_967_296, 4_294_967_296], "has a shape too large to count"),
            ([.integer(.max)], "has a shape too large to count"),
            ([.integer(.max), 0, 5], "asks for 0"), ([.real(1e30)], "has a shape that is not all whole numbers"),
            ([1, 1, 1, 1, 1, 1, 1, 1, 1], "has 9 dimensions, more than 8"),
            ([2], "has 4 bytes, but its shape [2] in F32 asks for 8"),
            ([0], "has 4 bytes, but its shape [0] in F32 asks for 0"),
        ] as [(JSONValue, String)]) func aShapeThatIsNotOfItsBytesIsRefused(_ shape: JSONValue, _ problem: String) throws
    {
        try Self.expect(SafetensorsBuilder([.init("a", shape: shape, data: [0, 0, 0, 0])]).serialized, problem)
    }

    @Test(
        arguments: [
            ([0, 8], "tensor b ends at byte 16 of the tensors, which have only 12", [8, 16]),
            ([-4, 4], "that are not two whole numbers", nil),
            ([8, 0], "that are not two whole numbers", nil), ([0], "that are not two whole numbers", nil),
            ([0, 8, 9], "that are not two whole numbers", nil),
            (["0", 8], "that are not two whole numbers", nil), ([0.5, 8.5], "that are not two whole numbers", nil),
            (8, "that are not two whole numbers", nil),
            ([0, .integer(.max)], "ends at byte 9223372036854775807", nil),
            ([.integer(.max - 8), .integer(.max)], "ends at byte 9223372036854775807", nil),
            ([0, .real(1.8446744073709552e19)], "that are not two whole numbers", nil),
            ([4, 12], "4 bytes before tensor a belong to no tensor", [8, 12]),
            ([0, 8], "tensors a and b overlap by 4 bytes", [4, 8]),
            ([0, 8], "tensors b and a overlap by 4 bytes", [0, 4]),
        ] as [(JSONValue, String, JSONValue?)]) func rangesThatAreNoTensorsAreRefused(
            _ a: JSONValue, _ problem: String, _ b: JSONValue?
        ) throws
    {
        let shape: JSONValue = b == [8, 16] ? [2] : [1]
        let file = SafetensorsBuilder([
            .init("a", shape: [2], offsets: a, data: [UInt8](repeating: 0, count: 8)),
            .init("b", shape: shape, offsets: b ?? [8, 12], data: [0, 0, 0, 0]),
        ])
        try Self.expect(file.serialized, problem)
    }

    @Test func bytesBetweenTensorsAreRefused() throws {
        let file = SafetensorsBuilder([
            .init("a", shape: [1], offsets: [0, 4], data: [UInt8](repeating: 0, count: 8)),
            .init("b", shape: [1], offsets: [8, 12], data: [0, 0, 0, 0]),
        ])
        try Self.expect(file.serialized, "4 bytes before tensor b belong to no tensor")
    }

    @Test func tensorsMayStandInAnyOrderInTheHeader() throws {
        let file = SafetensorsBuilder([
            .init("z", shape: [1], offsets: [4, 8], data: bytes([Float(1)])),
            .init("a", shape: [1], offsets: [0, 4], data: bytes([Float(2)])),
            .init("e", shape: [0], offsets: [4, 4], data: []),
        ])
        let folder = try CheckpointBuilder(files: ["tokenizer.model": [1], "model.safetensors": file.serialized]).write()
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.tensors.map(\.name) == ["a", "e", "z"])
        #expect(try checkpoint.values(of: checkpoint.tensors[2]) == [2])
    }

    @Test func aLargeFilePointerIsRecognized() throws {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5368709120\n"
        try Self.expect(Array(pointer.utf8), "is only a Git LFS pointer")
    }

    @Test func longNamesAreShortenedInErrors() throws {
        let name = String(repeating: "x", count: 5000)
        let error = try #require(try Self.error(SafetensorsBuilder.file(header: Array("{\"\(name)\":{}}".utf8))))
        #expect(error.problem.count < 200)
    }
}
