@testable import Checkpoint
import Text

extension FuzzTarget {
    /// Chat templates: as a checkpoint's `tokenizer_config.json`, `chat_template.jinja` or `chat_template.json` has them, and as a
    /// model file does.
    /// The first byte says which.
    static let template = FuzzTarget(name: "template", largestInput: 1 << 13) {
        let jinja = Array(ChatTemplate.gemmaJinja.utf8)
        return [
            [0] + Array(#"{"chat_template":"<start_of_turn>model user <end_of_turn>"}"#.utf8),
            [0] + Array(#"{"chat_template":[{"name":"default","template":"<start_of_turn>model user <end_of_turn>"}]}"#.utf8),
            [1] + jinja,
            [2] + Array(#"{"chat_template":"<start_of_turn>model user <end_of_turn>"}"#.utf8),
            [3] + Array(SmallModel.template.utf8),
            [3] + Array("<bos>[{text}]<eos>".utf8),
        ]
    } run: { bytes in
        guard let kind = bytes.first else { return false }
        let names = ["tokenizer_config.json", "chat_template.jinja", "chat_template.json"]
        let number = Int(kind % 4)
        guard number < names.count else { return encode(bytes.dropFirst()) }
        let folder = ScratchFolder.folder("template")
        for name in names { ScratchFolder.remove("template/" + name) }
        ScratchFolder.write(bytes.dropFirst(), to: "template/" + names[number])
        guard let file = try? ChatTemplateFile(folder: folder), let text = file.text else { return false }
        return ChatTemplate.recognize(jinja: text) != nil
    }

    private static func encode(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let template = try? ChatTemplate(text, path: "model.rgq") else { return false }
        promise(template.text == text, "a template has the text that it was made of")
        guard let encoder = try? SmallModel.model.encoder() else { return false }
        for previous in [ChatTemplate.PreviousTurn.none, .ended, .cut] {
            for user in ["", " \n<end_of_turn>{text}\u{301}"] {
                guard let tokens = try? template.encode(user: user, after: previous, with: encoder) else { continue }
                promise(tokens.allSatisfy { $0 < SmallModel.configuration.vocabularySize }, "tokens are in the vocabulary")
            }
        }
        return true
    }
}
