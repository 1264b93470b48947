extension ChatInstruction {
    /// The names that the Tab key completes.
    static let names = [
        "bye", "clear", "fork", "help", "history", "load", "retry", "save", "set", "stats", "system", "undo",
    ]

    /// What there is, for people: lines of at most 79 columns.
    static let overview = """
        /retry            answer the last question again, with another seed
        /undo             take back the last turn
        /history [N]      show the conversation, or its last N questions and answers
        /clear            begin a new conversation (also /reset)
        /system [TEXT]    instructions from your next line on; "" takes them away
        /set [NAME VALUE] how answers are chosen: temperature, top-p, seed and more
        /save [FILE]      keep the conversation; without FILE where --session says
        /load FILE        go on with one that was kept
        /fork [N]         a second branch from here, or back to branch N
        /stats            how long the conversation is, how fast the last answer was
        /bye              end; also /quit, /exit and Ctrl-D
        /help, /?         this list
        Ctrl-C stops an answer; what was shown of it stays part of the conversation.
        Tab completes instructions and names of files, Ctrl-R searches earlier lines.
        A line that ends in \\ goes on in the next one.
        """
}
