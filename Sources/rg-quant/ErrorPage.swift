import CommandSupport
import Conversion
import Files
import Glibc
import System

/// A web page with a heat map of relative errors: one row per layer, one column per kind of matrix. It needs no other file.
struct ErrorPage {
    let title: String
    let tensors: [SourceComparison.Tensor]

    /// Writes the page to a new file, then gives the file its name.
    func write(to file: AtomicFile) throws(FileProblem) { try file.write(whole: Array(text.utf8)) }

    /// Where a tensor stands: `12` and `mlp_block.up_proj`, or no layer and `embed_tokens`.
    private static func place(_ name: String) -> (layer: String, kind: String) {
        var parts = name.split(separator: ".").map(String.init)
        if parts.first == "model" { parts.removeFirst() }
        if parts.last == "weight" { parts.removeLast() }
        guard parts.count > 2, parts[0] == "layers" else { return ("–", parts.joined(separator: ".")) }
        return (parts[1], parts.dropFirst(2).filter { $0 != "temporal_block" && $0 != "mlp_block" }.joined(separator: "."))
    }

    private var text: String {
        // What is exact in all layers is left out.
        let places = tensors.map { (place: Self.place($0.name), tensor: $0) }
        var layers: [String] = [], kinds: [String] = []
        for (place, _) in places where !layers.contains(place.layer) { layers.append(place.layer) }
        for (place, tensor) in places where !tensor.figures.isExact && !kinds.contains(place.kind) { kinds.append(place.kind) }
        let rows = layers.map { layer in
            let cells = kinds.map { kind in cell(places.first { $0.place == (layer, kind) }?.tensor) }
            return "<tr><th>\(layer)</th>\(cells.joined())</tr>\n"
        }
        let titles = kinds.map { "<th><span>\(Self.escaped($0))</span></th>" }.joined()
        return """
            <!DOCTYPE html>
            <html lang="en"><meta charset="utf-8"><title>\(Self.escaped(title))</title>
            <style>
            body { font: 14px sans-serif; margin: 2em } table { border-collapse: collapse } p { max-width: 50em }
            td { width: 4.5em; height: 1.8em; text-align: center; border: 1px solid #fff }
            th { font-weight: normal; padding: 0 .5em } th span { writing-mode: vertical-rl; transform: rotate(180deg) }
            </style>
            <h1>\(Self.escaped(title))</h1>
            <p>Relative error of each matrix, sqrt(Σ error² / Σ weight²), in per cent; a row a layer, a column a kind. From white,
            exact, to dark red, 20 % and more, on a scale of logarithms. Point at a cell for more.</p>
            <table><tr><th>layer</th>\(titles)</tr>
            \(rows.joined())</table>
            </html>

            """
    }

    private func cell(_ tensor: SourceComparison.Tensor?) -> String {
        guard let tensor else { return "<td></td>" }
        let error = tensor.figures.relativeError
        // 1e-5 and below: white; 0.2 and above, or no number: dark red.
        let strength = error.isFinite ? min(1, max(0, (log10(max(error, 1e-9)) + 5) / 4.3)) : 1
        let colour = "hsl(10 75% \(Format.fixed(100 - 62 * strength, digits: 0))%)"
        let noise = tensor.figures.signalToNoise.map { ", signal to noise \(Format.fixed($0, digits: 1)) dB" } ?? ""
        let hint =
            "\(tensor.name), \(tensor.type.name): relative error \(Format.short(error)), "
            + "largest \(Format.short(Double(tensor.figures.largestError)))\(noise)"
        let ink = strength > 0.6 ? "#fff" : "#000"
        return
            "<td style=\"background: \(colour); color: \(ink)\" title=\"\(Self.escaped(hint))\">\(Format.short(error * 100))</td>"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}

extension FileKind {
    /// Web pages: those that begin as HTML does (HTML Standard, 13.1, and what came before it), after white space.
    static let webPage = FileKind("a web page") { start in
        let text = String(decoding: start, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
    }
}
