# What comparisons with llama.cpp are made of: sourced by tools/bench-llama and tools/serve/load, in the repository's folder.
#
# What is not ours stays outside the repository, in ~/.cache/rg-edge-bench: llama.cpp (from the source package of
# llama-cpp-python), its build, and the models (10 GB).

llama_cpp_python=0.3.36
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rg-edge-bench
jobs=$(nproc)
python=$cache/venv/bin/python
llama=$cache/llama_cpp_python-$llama_cpp_python/vendor/llama.cpp
build=$cache/build-$llama_cpp_python

fail() {
    echo "$0: $1" >&2
    exit 1
}

step() { echo "# $1" >&2; }

make_environment() {
    [ ! -x "$python" ] || return 0
    step "Python packages"
    python3 -m venv "$cache/venv" || fail "python3 -m venv failed, see above; install python3-venv"
    "$python" -m pip install -q cmake gguf numpy
}

fetch_llama() {
    [ ! -d "$llama" ] || return 0
    step "llama.cpp, from the source package of llama-cpp-python $llama_cpp_python"
    "$python" -m pip download -q --no-binary llama-cpp-python --no-deps -d "$cache" "llama-cpp-python==$llama_cpp_python"
    mkdir -p "$cache/unpacking"
    tar -xzf "$cache/llama_cpp_python-$llama_cpp_python.tar.gz" -C "$cache/unpacking"
    mv "$cache/unpacking/llama_cpp_python-$llama_cpp_python" "$cache/"
}

# build_llama PROGRAM...: those of these that are missing. The server comes without TLS and without its pages.
build_llama() {
    local program missing=()
    for program in "$@"; do [ -x "$build/bin/$program" ] || missing+=("$program"); done
    [ "${#missing[@]}" -gt 0 ] || return 0
    step "Build ${missing[*]} for this processor (takes long)"
    local cmake=$cache/venv/bin/cmake
    "$cmake" -S "$llama" -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
        -DLLAMA_BUILD_APP=OFF >"$cache/build.log" || fail "cmake failed; see $cache/build.log"
    nice "$cmake" --build "$build" --target "${missing[@]}" -j "$jobs" >>"$cache/build.log" \
        || fail "the build failed; see $cache/build.log"
}

# build_ik_llama FOLDER PROGRAM...: from a source of the user's, in $ik_build; what has changed there since is built anew.
build_ik_llama() {
    local source cmake=$cache/venv/bin/cmake
    source=$(realpath -e -- "$1") || fail "--ik-llama $1: no such folder"
    shift
    [ -f "$source/ggml/src/iqk/iqk_mul_mat.cpp" ] || fail "--ik-llama $source: is no source of ik_llama.cpp"
    ik_build=$cache/build-ik-$(sha256sum <<<"$source" | cut -c 1-12)
    step "Build $* of ik_llama.cpp for this processor (takes long)"
    "$cmake" -S "$source" -B "$ik_build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON -DLLAMA_CURL=OFF \
        -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF >"$cache/build-ik.log" 2>&1 || fail "cmake failed; see $cache/build-ik.log"
    nice "$cmake" --build "$ik_build" --target "$@" -j "$jobs" >>"$cache/build-ik.log" 2>&1 \
        || fail "the build failed; see $cache/build-ik.log"
}

# make_gguf TYPE...: a Gemma-1-2B of random weights as Q4_0, Q8_0.
make_gguf() {
    local type
    for type in "$@"; do
        [ ! -f "$cache/gemma-2b-$type.gguf" ] || continue
        build_llama llama-quantize
        if [ ! -f "$cache/gemma-2b-F16.gguf" ]; then
            step "A model of Gemma-1-2B's shape"
            "$python" tools/llama/gemma_gguf.py "$cache/gemma-2b-F16.gguf"
        fi
        step "… as $type"
        "$build/bin/llama-quantize" "$cache/gemma-2b-F16.gguf" "$cache/quantizing.gguf" "$type" >"$cache/quantize.log" 2>&1 \
            || fail "llama-quantize failed; see $cache/quantize.log"
        mv "$cache/quantizing.gguf" "$cache/gemma-2b-$type.gguf"
    done
    rm -f "$cache/gemma-2b-F16.gguf"
}

# make_rgq TYPE...: a RecurrentGemma-2B of random weights as q4-small, which is like Q4_0 (q4), and q8.
make_rgq() {
    local type
    for type in "$@"; do
        [ ! -f "$cache/recurrentgemma-2b-$type.rgq" ] || continue
        if [ ! -f "$cache/recurrentgemma-2b/config.json" ]; then
            step "A checkpoint of RecurrentGemma-2B's shape, with PyTorch"
            "$python" -m pip install -q torch==2.13.0+cpu --extra-index-url https://download.pytorch.org/whl/cpu \
                || fail "pip could not install PyTorch, see above; give .rgq files of your own"
            "$python" -m pip install -q transformers==5.23.0 safetensors sentencepiece protobuf
            "$python" tools/oracle/reference.py big "$cache/checkpoint" --shape 2b
            mv "$cache/checkpoint" "$cache/recurrentgemma-2b"
        fi
        step "… as $type"
        .build/release/rg-quant convert "$cache/recurrentgemma-2b" -o "$cache/recurrentgemma-2b-$type.rgq" \
            --type "${type/q4/q4-small}" >&2
    done
    rm -rf "$cache/recurrentgemma-2b"
}
