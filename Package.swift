// swift-tools-version: 6.2
// The order of the targets is the order in which they build on each other: a target imports only what stands above it.
import PackageDescription

// MARK: - Instruction sets

/// The processor to build for: this machine's, unless RG_EDGE_ARCH names another (tools/test-arm does).
#if arch(arm64)
let hostArchitecture = "arm64"
#else
let hostArchitecture = "x86_64"
#endif
let architecture = Context.environment["RG_EDGE_ARCH"] ?? hostArchitecture

/// One module of kernels: the same source (folders of `Sources/KernelSource`, through links) under the flags of an instruction set.
struct InstructionSet {
    var target: String
    var flags: [String]
}

let instructionSets: [InstructionSet] =
    architecture == "arm64"
    ? [
        InstructionSet(target: "KernelsNEON", flags: ["-march=armv8-a"]),
        InstructionSet(target: "KernelsDotProd", flags: ["-march=armv8.2-a+dotprod+fp16"]),
        InstructionSet(target: "KernelsI8MM", flags: ["-march=armv8.2-a+dotprod+fp16+i8mm"]),
    ]
    : [
        InstructionSet(target: "KernelsSSE42", flags: ["-march=x86-64-v2"]),
        InstructionSet(target: "KernelsAVX2", flags: ["-march=x86-64-v3"]),
        InstructionSet(target: "KernelsAVXVNNI", flags: ["-march=x86-64-v3", "-mavxvnni"]),
        InstructionSet(target: "KernelsAVX512", flags: ["-march=x86-64-v4", "-mavx512vnni", "-mprefer-vector-width=512"]),
    ]

/// Kernels read memory that their callers have checked, so they are built without traps, which takes `unsafeFlags`. SwiftPM accepts
/// those in dependencies since 6.2, if their tools version is 6.2 or later; `tools/test-package` builds such a package.
func kernelSettings(_ set: InstructionSet) -> [SwiftSetting] {
    [
        .unsafeFlags(["-Ounchecked", "-enforce-exclusivity=unchecked"] + set.flags.flatMap { ["-Xcc", $0] }),
        // Release builds compile a module whole anyway. Debug builds must too, or vectors would be passed from file to file by
        // calls; SwiftPM expects one object per file of them.
        .unsafeFlags(["-disable-batch-mode", "-wmo", "-num-threads", "1"], .when(configuration: .debug)),
    ]
}

let kernelTargets: [Target] = instructionSets.map {
    .target(name: $0.target, dependencies: ["CSIMD", "KernelTypes", "Tiles"], swiftSettings: kernelSettings($0))
}

/// The tests that are built for another machine than this one: those of what differs there.
let testsElsewhere = ["GriffinTests", "KernelTests", "QuantizationTests"]

/// Runs kernels that a processor can't run, and counts what they cost: `tools/test-arm`.
let loadTargets: [Target] =
    architecture == "arm64"
    ? [
        .executableTarget(
            name: "kernel-load", dependencies: ["KernelTypes", "KernelsDotProd", "KernelsI8MM", "KernelsNEON", "Tiles"],
            path: "Tests/KernelLoad")
    ]
    : []

/// What only `tools/fuzz` builds: it asks by RG_EDGE_FUZZ. The library is for libFuzzer, which has a main of its own.
let isFuzzed = Context.environment["RG_EDGE_FUZZ"] != nil
let fuzzProducts: [Product] = isFuzzed ? [.library(name: "FuzzTargets", type: .static, targets: ["FuzzTargets"])] : []
let fuzzTargets: [Target] =
    isFuzzed
    ? [
        .target(
            name: "FuzzTargets",
            dependencies: [
                "CLZ4", "Checkpoint", "CommandSupport", "Conversion", "Files", "Grammar", "Griffin", "JSON", "ModelFile",
                "Quantization",
                "RGEdge", "Text", "Tiles",
            ], path: "Tests/Fuzz/Targets"),
        .executableTarget(name: "fuzz-replay", dependencies: ["FuzzTargets", "TestSupport"], path: "Tests/Fuzz/Replay"),
    ]
    : []

// MARK: - Targets

let package = Package(
    name: "rg-edge",
    products: [
        .library(name: "RGEdge", targets: ["RGEdge"]),
        .library(name: "RGEdgeC", type: .static, targets: ["RGEdgeC"]),
        .executable(name: "rg-quant", targets: ["rg-quant"]),
        .executable(name: "rg-edge", targets: ["rg-edge"]),
        .executable(name: "rg-edge-serve", targets: ["rg-edge-serve"]),
    ] + fuzzProducts,
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Compiled for rg-edge-serve alone.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // Debian's libraries, and C headers of our own.
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece")]),
        .target(name: "CSIMD"),
        .target(name: "CLinux"),
        .target(name: "System", dependencies: ["CLinux"]),

        // Files and formats.
        .target(name: "Tiles"),
        .target(name: "Files", dependencies: ["CLinux", "System"]),
        .target(name: "JSON", dependencies: ["CJansson", "System"]),
        .target(name: "ModelFile", dependencies: ["CLZ4", "CXXHash", "Files", "System", "Tiles"]),
        .target(name: "Checkpoint", dependencies: ["CSIMD", "Files", "JSON", "System"]),

        // Kernels: one module per instruction set behind one table of functions.
        .target(name: "KernelTypes", dependencies: ["Tiles"]),
    ] + kernelTargets + [
        .target(
            name: "Kernels",
            dependencies: ["CSIMD", "KernelTypes", "System", "Tiles"] + instructionSets.map { .target(name: $0.target) }),
        .target(name: "Quantization", dependencies: ["CSIMD", "KernelTypes", "Kernels", "Tiles"]),

        // The model.
        .target(
            name: "Griffin", dependencies: ["CSIMD", "Files", "JSON", "Kernels", "KernelTypes", "ModelFile", "System", "Tiles"]),
        .target(name: "Text", dependencies: ["CSentencePiece", "System"]),
        .target(name: "Grammar", dependencies: ["JSON", "System"]),
        .target(
            name: "RGEdge",
            dependencies: [
                "CLZ4", "CXXHash", "Files", "Grammar", "Griffin", "JSON", "KernelTypes", "Kernels", "ModelFile", "System", "Text",
            ]),

        // The C library: its header, and the functions behind it.
        .target(name: "Version"),
        .target(name: "CRGEdge"),
        // For other machines a copy, which tools/arm/build makes: Debian's compiler for those, Swift 6.2, has no @c.
        .target(
            name: "RGEdgeC", dependencies: ["CRGEdge", "Kernels", "RGEdge", "System", "Text", "Version"],
            path: architecture == hostArchitecture ? nil : ".build-arm-c/RGEdgeC"),

        // The commands.
        .target(
            name: "CommandSupport",
            dependencies: ["Files", "System", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .target(
            name: "ModelArguments",
            dependencies: [
                "CommandSupport", "Files", "Kernels", "RGEdge", "System",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "Conversion",
            dependencies: [
                "CSIMD", "Checkpoint", "Files", "Griffin", "JSON", "KernelTypes", "Kernels", "ModelFile", "Quantization", "System",
                "Text", "Tiles",
            ]),
        .target(
            name: "Benchmark",
            dependencies: [
                "CSIMD", "CommandSupport", "Griffin", "JSON", "Kernels", "KernelTypes", "ModelFile", "RGEdge", "System", "Tiles",
            ]),
        .executableTarget(
            name: "rg-quant",
            dependencies: [
                "Checkpoint", "CommandSupport", "Conversion", "Files", "Griffin", "JSON", "ModelFile", "Quantization", "RGEdge",
                "System", "Tiles", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "rg-edge",
            dependencies: [
                "Benchmark", "CommandSupport", "Files", "Griffin", "JSON", "KernelTypes", "Kernels", "ModelArguments", "ModelFile",
                "RGEdge",
                "System",
                "Text", "Tiles", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The server.
        .target(
            name: "HTTPServer",
            dependencies: [
                "System", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(
            name: "Serving",
            dependencies: ["CXXHash", "Files", "HTTPServer", "JSON", "RGEdge", "System", "Text", "Version"],
            resources: [.embedInCode("Resources/page.html"), .embedInCode("Resources/openapi.json")]),
        .executableTarget(
            name: "rg-edge-serve",
            dependencies: [
                "CLinux", "CommandSupport", "Files", "HTTPServer", "ModelArguments", "RGEdge", "Serving", "System", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tests.
        .target(name: "TestSupport", dependencies: ["JSON", "Quantization", "Tiles"], path: "Tests/TestSupport"),
        .target(name: "ModelTestSupport", dependencies: ["Conversion", "TestSupport", "Tiles"], path: "Tests/ModelTestSupport"),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        .testTarget(name: "SystemTests", dependencies: ["System", "TestSupport"]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "System", "TestSupport"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
        .testTarget(name: "ModelFileTests", dependencies: ["Files", "ModelFile", "System", "TestSupport", "Tiles"]),
        .testTarget(name: "CheckpointTests", dependencies: ["Checkpoint", "Files", "JSON", "System", "TestSupport"]),
        .testTarget(name: "QuantizationTests", dependencies: ["KernelTypes", "Kernels", "Quantization", "TestSupport", "Tiles"]),
        .testTarget(
            name: "KernelTests", dependencies: ["CSIMD", "KernelTypes", "Kernels", "Quantization", "TestSupport", "Tiles"]),
        .testTarget(
            name: "GriffinTests",
            dependencies: [
                "AllocationCounter", "Checkpoint", "Griffin", "KernelTypes", "Kernels", "ModelFile", "ModelTestSupport",
                "System", "TestSupport", "Tiles",
            ]),
        .testTarget(name: "TextTests", dependencies: ["System", "TestSupport", "Text"]),
        .testTarget(name: "GrammarTests", dependencies: ["Grammar", "JSON", "TestSupport", "Text"]),
        .testTarget(
            name: "ConversionTests",
            dependencies: [
                "AllocationCounter", "Checkpoint", "Conversion", "Files", "Griffin", "JSON", "ModelFile", "ModelTestSupport",
                "Quantization", "System", "TestSupport", "Text", "Tiles",
            ]),
        .testTarget(
            name: "RGEdgeTests",
            dependencies: [
                "AllocationCounter", "Files", "Grammar", "Griffin", "JSON", "ModelFile", "ModelTestSupport", "RGEdge", "System",
                "TestSupport", "Text",
                "Tiles",
            ]),
        .testTarget(name: "HTTPServerTests", dependencies: ["HTTPServer", "System", "TestSupport"]),
        .testTarget(
            name: "ServingTests",
            dependencies: ["HTTPServer", "JSON", "ModelTestSupport", "RGEdge", "Serving", "System", "TestSupport", "Text"]),
        .testTarget(
            name: "BenchmarkTests",
            dependencies: ["Benchmark", "Griffin", "JSON", "KernelTypes", "Kernels", "TestSupport", "Tiles"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "CommandSupport", "JSON", "ModelFile", "RGEdge", "System", "TestSupport", "Text", "Tiles", "rg-edge",
                "rg-edge-serve", "rg-quant",
            ]),
    ] + loadTargets + fuzzTargets,
    cxxLanguageStandard: .cxx17
)

if architecture != hostArchitecture {
    package.targets.removeAll { $0.type == .test && !testsElsewhere.contains($0.name) }
}
