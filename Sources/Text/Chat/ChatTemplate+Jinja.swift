extension ChatTemplate {
    /// A Jinja program that writes a conversation of `messages` in Gemma's format, as Hugging Face's tokenizers run it.
    public static let gemmaJinja = """
        {{ bos_token }}{% for message in messages %}{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else 'user') \
        + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}\
        {% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
        """

    /// The template that says what a Hugging Face `chat_template` (a Jinja program) does for one turn of a user; nil if that isn't
    /// Gemma's format, the only one that RecurrentGemma models were trained on.
    ///
    /// The program is not run: it is recognized by the marks that it writes and by the opening of the model's turn. Gemma's own
    /// also trims white space around the user's words, which ``encode(user:after:with:)`` leaves to its caller
    /// (`String.trimmed`).
    public static func recognize(jinja program: String) -> ChatTemplate? {
        let needed = [ControlMark.endOfTurn, ControlMark.startOfTurn + "model", "user"]
        return needed.allSatisfy { !program.places(of: $0).isEmpty } ? gemma : nil
    }
}
