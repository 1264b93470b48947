import JSON

extension Fields {
    /// A `tool_choice` that allows some of the tools: at its top in `/v1/responses`, in a member of its own in chats. Nil for another.
    func allowedTools() throws(APIError) -> (mode: String, names: Set<String>)? {
        guard case .object(let object)? = self["tool_choice"] else { return nil }
        let choice = Fields(object, at: path("tool_choice"))
        guard let allowed = try choice.allowed() else { return nil }
        var names: Set<String> = []
        for (index, value) in (try allowed.array("tools") ?? []).enumerated() {
            let tool = try Fields(value, at: allowed.path("tools[\(index)]"))
            guard let name = try Fields.first(tool.fields("function")?.string("name"), tool.string("name")) else {
                throw .missing(tool.path("name"), "name a function")
            }
            names.insert(name)
        }
        return (try allowed.string("mode") ?? "auto", names)
    }

    private func allowed() throws(APIError) -> Fields? {
        if let inner = try fields("allowed_tools") { return inner }
        return try string("type") == "allowed_tools" ? self : nil
    }

    /// The tools that the choice allows: all of them, unless it names some.
    func allowed(of tools: [JSONValue]) throws(APIError) -> [JSONValue] {
        guard let names = try allowedTools()?.names else { return tools }
        let allowed = tools.filter { tool in
            guard let name = (tool["function"]?["name"] ?? tool["name"])?.stringValue else { return false }
            return names.contains(name)
        }
        guard !allowed.isEmpty else { throw .wrong(path("tool_choice"), "allows none of the tools") }
        return allowed
    }
}
