# What tools/serve's trials have in common; sourced.

# take_server_and_model ARGUMENT...: sets `server` and `model` from --server and --model, and `rest` to the other arguments. What
# isn't given is built: the server, and the small English model of the tests, by the rg-quant beside the server if there is one.
take_server_and_model() {
    server='' model='' rest=()
    while [ $# -gt 0 ]; do
        case $1 in
            --server) server=${2:?"--server needs a program"}; shift 2 ;;
            --model) model=${2:?"--model needs a file"}; shift 2 ;;
            *) rest+=("$1"); shift ;;
        esac
    done
    if [ -z "$server" ]; then
        tools/support/install-dependencies
        swift build -c release --product rg-edge-serve >&2
        server=.build/release/rg-edge-serve
    fi
    if [ -z "$model" ]; then
        model=.build/serve/model.rgq
        local converter
        converter=$(dirname -- "$server")/rg-quant
        if [ ! -x "$converter" ]; then
            converter=.build/release/rg-quant
            [ -x "$converter" ] || swift build -c release --product rg-quant >&2
        fi
        mkdir -p .build/serve
        "$converter" convert Tests/Fixtures/tiny-en/model -o "$model" --type q8 --chat-template gemma --quiet >/dev/null
    fi
}
