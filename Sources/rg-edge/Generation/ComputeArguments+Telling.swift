import CommandSupport
import ModelArguments
import RGEdge

extension ComputeArguments {
    /// Opens a model. If that reads all of it, says so on a terminal meanwhile: seconds for an SSD, half a minute and more for a card.
    func openTelling(_ path: String) throws(ModelError) -> Model {
        let status = StatusLine()
        if preload || memory.resident.residency == .all { status.show("reading the model from the disk …") }
        defer { status.clear() }
        return try open(path)
    }
}
