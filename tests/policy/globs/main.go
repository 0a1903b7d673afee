// Prints the table of globs that tests/policy holds the reader of Sigstore policies against. It runs in any Go module
// that requires github.com/sigstore/policy-controller v0.14.0: go run main.go > matches.tsv
package main

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/policy-controller/pkg/apis/glob"
)

const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

func main() {
	images := []string{"foo", "foo:1.2", "library/foo", "docker.io/foo", "docker.io/library/foo:1", "index.docker.io/library/foo",
		"myuser/myapp", "myuser/myapp:v1", "a/b/c", "ghcr.io/foo", "ghcr.io/foo/bar", "ghcr.io/foo/bar:latest", "ghcr.io/foo/bar/baz",
		"ghcrxio/foo/bar", "ghcr.io/foobar", "registry.example.org/shop/app:1.4", "registry.example.org:5000/shop/app",
		"localhost:5000/demo", "quay.io/a-b_c/d.e", "127.0.0.1:5000/x/y", "europe-docker.pkg.dev/p/r/i", "prefix-ghcr.io/foo"}
	globs := []string{"*", "**", "***", "****", "*/*", "**/**", "*/**", "**/*", "*/*/*", "foo", "foo*", "foo:*", "foo**", "foo@*", "**foo**", "*foo*",
		"index.docker.io/library/foo", "index.docker.io/library/foo:latest", "index.docker.io/library/foo:*", "index.docker.io/library/foo@*",
		"index.docker.io/library/foo@sha256:*", "index.docker.io/library/foo@" + digest, "index.docker.io/library/*", "index.docker.io/*/*",
		"index.docker.io/*", "index.docker.io/**", "index.docker.**", "inde**", "docker.io/**", "docker.io/library/foo*", "library/*", "myuser/*", "myuser/myapp",
		"index.docker.io/myuser/*", "index.docker.io/myuser/myapp@*", "ghcr.io/*", "ghcr.io/*/*", "ghcr.io/**", "ghcr.io/foo*", "ghcr.io/foo**", "ghcr.io/foo/**",
		"ghcr.io/foo/bar", "ghcr.io/foo/bar*", "ghcr.io/foo/bar@sha256:*", "ghcr.io/foo/bar:**", "ghcr.io/**/bar*", "ghcr.io/*/bar@**", "ghcr.io/***bar**", "*.io/**", "*.io/foo/*",
		"**bar@**", "**:**", "**@sha256:4413*", "**@sha256:0000*", "**8a", "**8b", "*example.org/shop/*", "registry.example.org/**", "registry.example.org*/**",
		"registry.example.org/shop/app:1.4", "registry.example.org/shop/app:1.4**", "*:5000/**", "registry.example.org:5000/shop/*", "localhost:5000/*", "127.0.0.1:*/**",
		"quay.io/a-b_c/*", "quay.io/a-b_c/d.e@*", "*-docker.pkg.dev/**", "GHCR.io/**", "ghcr.io/Foo/**", ".*", "gh.r.io/**", "**@*", "*@*", "@", ":", "/", "//", "**/", "/**",
		"", ".+", "[a-z]*", "a b", "foo?", "foo#", "foo,bar", "{a}", "foo\\*", "föö", "^foo$", "(foo)", "foo|bar", "foo\n", "oci://foo", "http://foo"}
	fmt.Println("# Globs and the images that they match, as policy-controller v0.14.0 said when main.go was run: a glob as JSON, then the images, or `refused`.")
	fmt.Println("# Behind every image stands @" + digest)
	fmt.Println("# images\t" + strings.Join(images, " "))
	for _, g := range globs {
		fmt.Printf("%q\t%s\n", g, answer(g, images))
	}
}

// answer says which images the glob matches, each in the spelling that the admission webhook gives it.
func answer(g string, images []string) string {
	if _, err := glob.Compile(g); err != nil {
		return "refused"
	}
	matching := []string{}
	for _, i := range images {
		ref, err := name.ParseReference(i + "@" + digest)
		if err != nil {
			panic(err)
		}
		if matched, err := glob.Match(g, ref.Name()); err != nil {
			panic(err)
		} else if matched {
			matching = append(matching, i)
		}
	}
	return strings.Join(matching, " ")
}
