import CRGEdge
import RGEdge
import System

/// Why a call fails: what it returns, and the sentence for `rg_last_error`.
struct Failure: Error {
    let status: rg_status
    let sentence: String

    init(_ status: rg_status, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    init(_ error: ModelError) {
        status =
            switch error.kind {
            case .argument: RG_ERROR_ARGUMENT
            case .io: RG_ERROR_IO
            case .format, .content: RG_ERROR_FORMAT
            case .version: RG_ERROR_VERSION
            case .checksum: RG_ERROR_CHECKSUM
            case .memory: RG_ERROR_MEMORY
            case .mismatch: RG_ERROR_MISMATCH
            case .cancelled: RG_ERROR_CANCELLED
            }
        sentence = error.code == 0 ? error.description : "\(error.description) (errno \(error.code))"
    }

    static func argument(_ sentence: String) -> Failure { Failure(RG_ERROR_ARGUMENT, sentence) }

    /// The failure of `name`d pointers that are NULL.
    static func null(_ name: String) -> Failure { .argument("\(name) is NULL; give a pointer") }
}

/// Runs the body of a call. Returns RG_OK, or the failure's status with its sentence kept for `rg_last_error`.
func status(_ body: () throws(Failure) -> Void) -> rg_status {
    var room: OpaquePointer?
    guard crg_begin_call(&room) else {
        let sentence: StaticString = "no memory for another call; close other programs, or what is open"
        sentence.withUTF8Buffer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { crg_note_error($0.baseAddress, $0.count) }
        }
        return RG_ERROR_MEMORY
    }
    defer { crg_end_call(room) }
    do throws(Failure) {
        try body()
        return RG_OK
    } catch {
        // A path may hold anything.
        var sentence = error.sentence.onOneLine
        sentence.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { crg_note_error($0.baseAddress, $0.count) }
        }
        return error.status
    }
}

/// Runs `body`, and makes what the Swift API throws a ``Failure``.
func failures<Result>(_ body: @autoclosure () throws(ModelError) -> Result) throws(Failure) -> Result {
    do throws(ModelError) {
        return try body()
    } catch {
        throw Failure(error)
    }
}
