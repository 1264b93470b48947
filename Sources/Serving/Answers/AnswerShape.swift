import JSON
import RGEdge

/// A part of a streamed answer.
enum StreamPart: Equatable {
    case json(JSONValue)
    /// An event with a name of its own.
    case event(String, JSONValue)
    /// What is no JSON: OpenAI's `[DONE]`.
    case text(String)
}

/// An answer that is whole.
struct WholeAnswer: Equatable {
    var text = ""
    var tokens: [AnswerToken] = []
    var call: ToolCall?
    var finish = Finish.end
}

/// How an API writes answers. Used by one thread at a time.
protocol AnswerShape {
    /// True for server-sent events; false for a JSON text per line.
    var isEventStream: Bool { get }
    /// The parts with which an answer begins.
    mutating func opening(choice: Int) -> [StreamPart]
    /// A part of the text, with its tokens if they were asked for.
    mutating func text(_ piece: AnswerPiece, choice: Int) -> [StreamPart]
    /// A call of a function, which is all of an answer.
    mutating func call(_ call: ToolCall, choice: Int) -> [StreamPart]
    /// The end of an answer.
    mutating func closing(_ answer: WholeAnswer, choice: Int) -> [StreamPart]
    /// The end of all.
    mutating func ending(_ answers: [WholeAnswer], _ totals: Totals) -> [StreamPart]
    /// All of it, where it isn't streamed.
    func whole(_ answers: [WholeAnswer], _ totals: Totals) -> JSONValue
    /// An error in the midst of a stream.
    mutating func failure(_ error: APIError) -> [StreamPart]
    /// An error instead of an answer.
    func body(of error: APIError) -> JSONValue
}

extension AnswerShape {
    var isEventStream: Bool { true }
    mutating func failure(_ error: APIError) -> [StreamPart] { [.json(error.json)] }
    func body(of error: APIError) -> JSONValue { error.json }
}
