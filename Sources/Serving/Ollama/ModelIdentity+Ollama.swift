extension ModelIdentity {
    /// The name as Ollama has it, with a tag.
    var ollamaName: String { name.utf8.contains(UInt8(ascii: ":")) ? name : name + ":latest" }

    /// True for its name, with or without a tag.
    func isCalled(_ name: String) -> Bool { name == self.name || name == ollamaName }
}
