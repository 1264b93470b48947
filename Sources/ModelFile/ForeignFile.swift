import Files

/// What a file that isn't RGQ probably is, from its first bytes: people mix up the files of a model folder.
struct ForeignFile {
    let problem: String
    let advice: String

    init(firstBytes: [UInt8], byteCount: Int) {
        func starts(with text: String) -> Bool { firstBytes.starts(with: text.utf8) }
        let convert = "convert the model's folder with \"rg-quant convert FOLDER -o MODEL.rgq\", and give MODEL.rgq"
        if starts(with: "version https://git-lfs") {
            problem = "is only a Git LFS pointer, not the file itself"
            advice = "fetch it with \"git lfs pull\" in its folder, or download it again"
        } else if starts(with: "GGUF") {
            problem = "is a GGUF file, llama.cpp's, not an RGQ file"
            advice = "take the model's Hugging Face folder: " + convert
        } else if starts(with: "RGS1") {
            problem = "is a saved session, not an RGQ file"
            advice = "give the model that the session was made with"
        } else if Self.isSafetensors(firstBytes, byteCount: byteCount) {
            problem = "is a safetensors file, not an RGQ file"
            advice = convert
        } else if starts(with: "PK\u{3}\u{4}") {
            problem = "is a ZIP archive (perhaps PyTorch weights), not an RGQ file"
            advice = "take the model in safetensors layout: " + convert
        } else if firstBytes.allSatisfy({ $0 == 0 }) {
            problem = "begins with zeros, as a file does whose copying was broken off"
            advice = "copy or download it again"
        } else {
            problem = "is not an RGQ file"
            advice = "give a file that \"rg-quant convert\" wrote"
        }
    }

    /// A safetensors file starts with the length of its JSON header as a u64, then that JSON.
    private static func isSafetensors(_ bytes: [UInt8], byteCount: Int) -> Bool {
        guard bytes.count >= 10, bytes[8] == UInt8(ascii: "{") else { return false }
        return bytes.span.bytes.littleEndian(at: 0, as: UInt64.self) <= UInt64(byteCount)
    }
}
