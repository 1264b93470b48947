import ModelFile

extension Model {
    /// Bytes that ``init(path:options:)`` allocates at most, told by the file's header, besides the memory that it asks the system for and
    /// may be refused. Throws for a file that can't be read or has no header.
    package static func openingBytes(path: String) throws(ModelError) -> Int {
        do throws(ModelFileError) {
            return try ModelFile.openingBytes(path: path)
        } catch {
            throw ModelError(error)
        }
    }
}
