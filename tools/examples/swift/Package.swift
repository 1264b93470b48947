// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "examples",
    dependencies: [
        // Elsewhere by version: .package(url: "…/rg-edge", from: "0.2.0"), as tools/test-package does.
        .package(name: "rg-edge", path: "../../..")
    ],
    targets: [
        .executableTarget(name: "prompt", dependencies: [.product(name: "RGEdge", package: "rg-edge")]),
        .executableTarget(name: "sessions", dependencies: [.product(name: "RGEdge", package: "rg-edge")]),
    ]
)
