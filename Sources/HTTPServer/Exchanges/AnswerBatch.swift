/// What a service has given of an answer since the loop last looked.
struct AnswerBatch {
    /// What follows the bytes.
    enum Ending {
        /// More.
        case none
        /// The end.
        case whole
        /// The end of the connection.
        case aborted
    }

    var head: AnswerHead?
    var bytes: [UInt8] = []
    var ending = Ending.none

    var isEmpty: Bool {
        if case .none = ending { head == nil && bytes.isEmpty } else { false }
    }
}
