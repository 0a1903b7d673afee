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
complete -c countersign -n "__fish_countersign_needs_command" -f -a "validate" -d 'Sign an image a second time, if it has its build signature and its scan passes'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "gate" -d 'Decide on every image of a deployment under policies'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "verify" -d 'Verify that every key given has signed an image'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "inspect" -d 'Show what is attached to an image; verifies nothing'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "report" -d 'Show what the newest scan of an image found, as `validate --attest` attached it'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "copy" -d 'Carry an image with its signatures elsewhere; digests stay as they are'
complete -c countersign -n "__fish_countersign_needs_command" -f -a "policy" -d 'Check, explain and convert policies'
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
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l recursive -d 'Sign every manifest of an index too, before the index'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l allow-tag -d 'Accept a tag, and sign what it points at now: whoever can push may have moved it since the build'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -l dry-run -d 'Say what would be signed, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand sign" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l scan -d 'Scan reports: JSON or CycloneDX of Trivy or Grype, or SARIF of Trivy; one or more for each platform' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l scan-folder -d 'Folder that the reports\' names start from, and that none of them may leave: where others choose the names' -r -f -a "(__fish_complete_directories)"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l scan-digest -d 'SHA-256 of the reports that may be judged; any other is refused' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l rules -d 'Rules that the reports must pass' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l vex -d 'OpenVEX documents whose statements ignore findings; the rules must trust them' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l key -d 'Private key of the second signature: a file, env://NAME, or k8s://NAMESPACE/SECRET' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l platform -d 'The one platform of an index that is meant: OS/ARCHITECTURE[/VARIANT]' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l source -d 'Source repository to state in the signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l revision -d 'Commit to state in the signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -s a -l annotation -d 'Claims to state in the signature' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l format -d 'Formats to write' -r -f -a "both\t''
bundle\t''
legacy\t''"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l results-dir -d 'Write the results SIGNED_REF and SIGNED_DIGEST as files into this folder' -r -f -a "(__fish_complete_directories)"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l attest -d 'Attach the reports and a verification summary as attestations, once everything is signed' -r -f -a "true\t''
false\t''"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l build-key -d 'Public keys of which any may have made the build signature' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l policy -d 'Policies that say what the build signature must be, in place of --build-key' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l build-signer -d 'The signer of these policies that makes the build signature' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l password-file -d 'Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l require-scan-digest -d 'Judge no report unless --scan-digest names it: for pipelines, where an empty value counts as not given'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l recursive -d 'Sign the runnable manifests of an index too; each needs its own build signature'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l dry-run -d 'Say what would be signed, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand validate" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -s f -l manifest -d 'Kubernetes manifests: files, folders, or - for standard input' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l policy -d 'Policies: files and folders' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l no-match -d 'What an image gets that no policy speaks of' -r -f -a "deny\t''
warn\t''
allow\t''"
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l namespace -d 'Namespace of manifests that name none' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l ignore-kind -d 'Custom kinds that run no images although they have a field `image`: KIND or KIND.GROUP' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l report -d 'Write a report into a file: json=PATH, junit=PATH, sarif=PATH, html=PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l results-dir -d 'Write the results DECISION and PINNED_REFS as files into this folder' -r -f -a "(__fish_complete_directories)"
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l allow-unmatched-images -d 'Allow, with a warning, images that no policy speaks of, as a Tanzu webhook with allow_unmatched_images'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l pin -d 'Print the manifests with the digests that were checked, if every image is allowed'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l pin-in-place -d 'Write these digests into the manifests\' files, all or none, if every image is allowed'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l allow-tag -d 'Accept tags, and check what they point at now: what runs later may be another image'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c countersign -n "__fish_countersign_using_subcommand gate" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l key -d 'Public keys that must all have signed: files, env://NAME, or k8s-configmap://NAMESPACE/NAME' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s a -l annotation -d 'Claims that a signature by every key must state' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand verify" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand verify" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -l attestations -d 'Fetch attestations too, up to 32 MiB each, and show what they say'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand inspect" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand report" -l key -d 'Public keys of which any may have attested the scan: files, env://NAME, or k8s-configmap://NAMESPACE/NAME' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand report" -l signature-repository -d 'Repository that holds the signatures, where it is not the image\'s own' -r
complete -c countersign -n "__fish_countersign_using_subcommand report" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand report" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand report" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand report" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand report" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand report" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand report" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand report" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand report" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand report" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand report" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand report" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l mirror -d 'Send every request for PREFIX to TARGET, a repository prefix or oci:PATH' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l plain-http -d 'Speak plain HTTP to this registry' -r -f -a "(__fish_print_hostnames)"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l ca-file -d 'Trust the certificate authorities in this PEM file, or in the files of this folder, too' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l registry-config -d 'Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand copy" -l dry-run -d 'Say what would be written, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand copy" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -f -a "check" -d 'Read policies with their keys, and say what is wrong or likely not meant'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -f -a "explain" -d 'Say which policies speak of an image and what it would need; asks nobody'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -f -a "convert" -d 'Write policies of other tools in the native form, and say what changes in meaning'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -f -a "schema" -d 'Print the JSON schema of policies'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and not __fish_seen_subcommand_from check explain convert schema help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -l allow-private-key-secret -d 'Accept a Kubernetes secret that also holds the private key'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l policy -d 'Policies: files and folders' -r -F
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l namespace -d 'Namespace that the image would run in' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from explain" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l build-key -d 'Keys of the build signature, by their names in the policy: for policies that demand both signatures' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l validation-key -d 'Keys of the validation signature, by their names in the policy' -r -f
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from convert" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from schema" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "check" -d 'Read policies with their keys, and say what is wrong or likely not meant'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Say which policies speak of an image and what it would need; asks nobody'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "convert" -d 'Write policies of other tools in the native form, and say what changes in meaning'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print the JSON schema of policies'
complete -c countersign -n "__fish_countersign_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -f -a "retire" -d 'Remove a private key from a Kubernetes secret for good, and keep its public key'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and not __fish_seen_subcommand_from generate public import retire help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
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
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from generate" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
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
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from public" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
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
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l if-absent -d 'Keep the pair that is there already'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l force -d 'Replace the files that are there: the old key is lost'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -l dry-run -d 'Say what would be written, and write nothing'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from import" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -l output -d 'Form of the result on standard output' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -l log-format -d 'Form of the log on standard error' -r -f -a "text\t''
json\t''"
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -l timeout -d 'Limit for the whole command: 60s, 5m (default 60s; none for copy)' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -l lists -d 'From here on only these options, each with any number of values, then -- and images: for lists that others fill' -r
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -l dry-run -d 'Say what would be removed, and remove nothing'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -s v -l verbose -d 'Log every request; twice for more'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -s h -l help -d 'Print help'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from retire" -s V -l version -d 'Print version'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "retire" -d 'Remove a private key from a Kubernetes secret for good, and keep its public key'
complete -c countersign -n "__fish_countersign_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "sign" -d 'Sign an image by its digest'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "validate" -d 'Sign an image a second time, if it has its build signature and its scan passes'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "gate" -d 'Decide on every image of a deployment under policies'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "verify" -d 'Verify that every key given has signed an image'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "inspect" -d 'Show what is attached to an image; verifies nothing'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "report" -d 'Show what the newest scan of an image found, as `validate --attest` attached it'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "copy" -d 'Carry an image with its signatures elsewhere; digests stay as they are'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "policy" -d 'Check, explain and convert policies'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "keys" -d 'Make, show and import keys'
complete -c countersign -n "__fish_countersign_using_subcommand help; and not __fish_seen_subcommand_from sign validate gate verify inspect report copy policy keys help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "check" -d 'Read policies with their keys, and say what is wrong or likely not meant'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "explain" -d 'Say which policies speak of an image and what it would need; asks nobody'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "convert" -d 'Write policies of other tools in the native form, and say what changes in meaning'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "schema" -d 'Print the JSON schema of policies'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "generate" -d 'Make an encrypted key pair, in files or in a Kubernetes secret'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "public" -d 'Print the public key of any key reference'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "import" -d 'Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair'
complete -c countersign -n "__fish_countersign_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "retire" -d 'Remove a private key from a Kubernetes secret for good, and keep its public key'
