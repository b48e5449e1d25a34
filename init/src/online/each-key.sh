# What git runs as ssh. A git host takes a key for the account that it belongs to, and a deploy key for one repository: of several keys it
# answers for the first that it knows, whichever repository is asked for. So each of them is tried by itself, until the server begins to
# talk of the repository; git's own connection is then made with that one.
config=/etc/ssh/installation keys=(/etc/ssh/deploy/*)

if ((${#keys[@]} > 1)); then
  for key in "${keys[@]}"; do
    said=$(ssh -F "$config" -i "$key" "$@" 2> /dev/null < /dev/null | head -c 8 | tr -d '\0')
    # The length of a line, in four digits, and the line, which may say no; or where large files are, as JSON.
    if [[ $said == "{"* || ($said =~ ^[0-9a-f]{4} && ${said:4} != "ERR ") ]]; then
      echo "${key##*/}" >> /etc/ssh/opened
      exec ssh -F "$config" -i "$key" "$@"
    fi
  done
fi
# None of them, or nothing to choose from: the server itself says what it thinks of them.
words=()
for key in "${keys[@]}"; do
  [ ! -e "$key" ] || words+=(-i "$key")
done
exec ssh -F "$config" "${words[@]}" "$@"
