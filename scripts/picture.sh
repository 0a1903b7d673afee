#!/usr/bin/env bash
# docs/images/demo.svg, the picture in README.md: what a pseudo terminal shows of a real run.
. "$(dirname "$0")/common.sh"

# The run, in the folder $PICTURE: an image that its builder signed is stopped at the gate until its scan is signed for.
session() {
  cd "$PICTURE"
  export digest=sha256:58ff39b02c8a918fbeb8c7e61c9c273100c2d164f4cb802560c6d4a1211fe139
  countersign sign "oci:app@$digest" --key build.key --format bundle >signed
  sed "s/2024-05-02T08:00:00Z/$(date -u +%Y-%m-%dT%H:%M:%SZ)/" reports/app.json >report.json
  echo '      maxAge: 30d' >>policy.yaml
  sed -i '/initContainers/,/same image/d' deploy.yaml
  local line
  # shellcheck disable=SC2016 # the picture shows the variable
  for line in 'countersign gate -f deploy.yaml --policy policy.yaml --pin-in-place --mirror registry.example.org/shop=oci:.' \
    'countersign validate oci:app@$digest --build-key build.pub --scan report.json --rules rules.yaml --key validation.key' \
    'countersign gate -f deploy.yaml --policy policy.yaml --pin-in-place --mirror registry.example.org/shop=oci:.' \
    'grep -o "registry.*" deploy.yaml'; do
    printf '\033[1m$ %s\033[0m\n' "$line"
    bash -c "$line" || echo "exit code $?"
    echo
  done
}

# Lines with colours become lines of an SVG that follows the reader's light or dark theme.
to_svg() {
  awk -v width=985 -v step=19 '
    function escaped(text) {
      gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
      return text
    }
    # A line as spans: after every "ESC [ CODE m" another begins.
    function spans(line,   parts, count, i, at, code, out) {
      count = split(line, parts, "\033\\[")
      out = escaped(parts[1])
      for (i = 2; i <= count; i++) {
        at = index(parts[i], "m")
        code = substr(parts[i], 1, at - 1)
        out = out (open ? "</tspan>" : "") (code == "0" ? "" : "<tspan class=\"c" code "\">")
        open = code != "0"
        out = out escaped(substr(parts[i], at + 1))
      }
      return out
    }
    { sub(/\r$/, ""); lines[NR] = spans($0) }
    END {
      while (NR > 0 && lines[NR] == "") NR--
      height = NR * step + 28
      printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n", width, height, width, height
      print "<title>countersign stops an image that only its build has signed, and lets it pass once its scan is signed for too</title>"
      print "<style>"
      print "rect { fill: #f6f8fa; stroke: #d0d7de } text { fill: #1f2328; font: 13px ui-monospace, \"DejaVu Sans Mono\", Menlo, Consolas, monospace; white-space: pre }"
      print ".c1 { font-weight: bold } .c2 { fill: #59636e } .c31 { fill: #c4141e } .c32 { fill: #17702f } .c33 { fill: #8a5a00 }"
      print "@media (prefers-color-scheme: dark) {"
      print "rect { fill: #151b23; stroke: #3d444d } text { fill: #e6edf3 }"
      print ".c2 { fill: #9198a1 } .c31 { fill: #ff7b72 } .c32 { fill: #4fc864 } .c33 { fill: #e0a82e }"
      print "}"
      print "</style>"
      printf "<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n", width - 1, height - 1
      for (i = 1; i <= NR; i++)
        if (lines[i] != "") printf "<text x=\"16\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", 14 + i * step - 5, lines[i]
      print "</svg>"
    }'
}

if [ "${1:-}" = session ]; then
  session
  exit
fi

cargo build --quiet --locked --bin countersign
PICTURE=$(mktemp -d)
trap 'rm -rf "$PICTURE"' EXIT
cp -r tests/cli/transcripts/fixture/. "$PICTURE"
export PICTURE PATH="$ROOT/target/debug:$PATH"
mkdir -p docs/images
script -qec "scripts/picture.sh session" /dev/null | to_svg >docs/images/demo.svg
echo "docs/images/demo.svg"
