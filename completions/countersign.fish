# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_countersign_global_optspecs
    string join \n h/help V/version
end

function __fish_countersign_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_countersign_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_countersign_using_subcommand
    set -l cmd (__fish_countersign_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c countersign -n "__fish_countersign_needs_command" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_needs_command" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "sign" -d 'Sign an image by its digest'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "verify" -d 'Verify that every key given has signed an image'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "inspect" -d 'Show what is attached to an image; verifies nothing'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "copy" -d 'Carry an image with its signatures elsewhere; digests stay as they are'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "keys" -d 'Make, show and import keys'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l key -d 'Private key: a file, env://NAME, or k8s://NAMESPACE/SECRET' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l role -d 'Role to state in the signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l source -d 'Source repository to state in the signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l revision -d 'Commit to state in the signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s a -l annotation -d 'Claims to state in the signature' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l format -d 'Formats to write' -r -f -a "both\t''
bundle\t''
legacy\t''"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l results-dir -d 'Write the results SIGNED_REF and SIGNED_DIGEST as files into this folder' -r -f -a "(__fish_complete_directories)"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l ca-file -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l recursive -d 'Sign every manifest of an index too, before the index'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l allow-tag -d 'Accept a tag, and sign what it points at now: whoever can push may have moved it since the build'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l dry-run -d 'Say what would be signed, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l key -d 'Public keys that must all have signed: files, env://NAME, or k8s-configmap://NAMESPACE/NAME' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s a -l annotation -d 'Claims that a signature by every key must state' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l ca-file -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l ca-file -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l ca-file -d 'Trust the certificate authorities in this PEM file too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l dry-run -d 'Say what would be written, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l algorithm -d 'Kind of key' -r -f -a "ecdsa-p256\t''
ecdsa-p384\t''
ecdsa-p521\t''
ed25519\t''
rsa-2048\t''
rsa-3072\t''
rsa-4096\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l output-prefix -d 'Write PREFIX.key and PREFIX.pub' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l if-absent -d 'Keep the pair that is there already'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l force -d 'Replace the files that are there: the old key is lost'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l dry-run -d 'Say what would be written, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l key -d 'Key: a file, env://NAME, k8s://NAMESPACE/SECRET or k8s-configmap://NAMESPACE/NAME' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l key -d 'Unencrypted private key: a file or env://NAME' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l output-prefix -d 'Write PREFIX.key and PREFIX.pub' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l if-absent -d 'Keep the pair that is there already'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l force -d 'Replace the files that are there: the old key is lost'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l dry-run -d 'Say what would be written, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "sign" -d 'Sign an image by its digest'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "verify" -d 'Verify that every key given has signed an image'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "inspect" -d 'Show what is attached to an image; verifies nothing'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "copy" -d 'Carry an image with its signatures elsewhere; digests stay as they are'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "keys" -d 'Make, show and import keys'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign verify inspect copy keys help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
