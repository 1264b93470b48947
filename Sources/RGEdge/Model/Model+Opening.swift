import Files
import ModelFile

extension Model {
    /// A model file that has been opened, but of which only the header has been read.
    package struct Opening {
        let file: MappedFile
        /// Bytes that ``Model/init(_:options:)`` allocates at most, according to the file's header, besides the memory that it asks
        /// the system for and may be refused.
        package let allocatedBytes: Int

        /// Where it is, as messages say it.
        package var path: String { file.path }

        /// Opens a file, guarded or not (``Model/Options/guardFile``). Throws if it can't be read or has no header of a model file.
        package init(_ source: ModelSource, isGuarded: Bool) throws(ModelError) {
            file = try modelErrors(source.mapped(isGuarded: isGuarded))
            allocatedBytes = try modelErrors(ModelFile.openingBytes(file))
        }
    }
}
