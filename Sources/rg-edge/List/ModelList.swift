import Benchmark
import CommandSupport
import JSON
import ModelArguments
import ModelFile
import System
import Tiles

/// What is in the models' folders, with what the beginning of each file says.
struct ModelList {
    private struct Row {
        let entry: ModelFolders.Entry
        /// The file, or what is wrong with it.
        let file: Result<ModelFile, FileProblem>
        let isDefault: Bool
    }

    private let rows: [Row]

    init(_ folders: ModelFolders) {
        let usual = folders.usualEntry?.name
        rows = folders.entries.map { entry in
            Row(
                entry: entry, file: Result { () throws(FileProblem) in try ModelFile(path: entry.path) },
                isDefault: entry.name == usual)
        }
    }

    var isEmpty: Bool { rows.isEmpty }

    var table: String {
        var table = Table(("model", .left), ("size", .right), ("weights", .left), ("chat", .left), ("file", .left))
        for row in rows {
            let name = row.entry.name + (row.isDefault ? " (default)" : "")
            switch row.file {
            case .success(let file):
                let chats = file.metadata.chatTemplate != nil
                table.add(name, Format.bytes(file.byteCount), file.mainType.name, chats ? "yes" : "no", row.entry.path)
            case .failure(let problem): table.add(name, "", "", "", problem.description)
            }
        }
        return table.description
    }

    var json: JSONValue {
        .array(
            rows.map { row in
                var fields = JSONObject()
                fields["name"] = .string(row.entry.name)
                fields["path"] = .string(row.entry.path)
                fields["default"] = .bool(row.isDefault)
                switch row.file {
                case .success(let file):
                    fields["bytes"] = .integer(Int64(file.byteCount))
                    fields["type"] = .string(file.mainType.name)
                    fields["chat"] = .bool(file.metadata.chatTemplate != nil)
                case .failure(let problem): fields["problem"] = .string(problem.description)
                }
                return .object(fields)
            })
    }
}
