/// Which logits after a session's last token have been computed.
enum LogitsExtent {
    /// None: within a prompt.
    case none
    /// Those that the constraint of the answer allows, as of no token where it allows one; the others can still be computed.
    case few
    case all
}
