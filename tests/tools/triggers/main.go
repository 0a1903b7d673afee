// Command triggers-check reads Tekton Triggers' objects as its own webhook does: with its own types, no field unknown,
// and with its own validation.
//
// Usage: triggers-check FILE...; other kinds in a file are passed over and counted.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tektoncd/triggers/pkg/apis/triggers/contexts"
	"github.com/tektoncd/triggers/pkg/apis/triggers/v1beta1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"knative.dev/pkg/apis"
	strict "sigs.k8s.io/yaml"
)

type object interface {
	SetDefaults(context.Context)
	Validate(context.Context) *apis.FieldError
}

// kinds of triggers.tekton.dev/v1beta1 that people write.
func empty(kind string) object {
	switch kind {
	case "EventListener":
		return &v1beta1.EventListener{}
	case "TriggerBinding":
		return &v1beta1.TriggerBinding{}
	case "TriggerTemplate":
		return &v1beta1.TriggerTemplate{}
	case "Trigger":
		return &v1beta1.Trigger{}
	}
	return nil
}

func check(document []byte) (bool, error) {
	var meta struct{ APIVersion, Kind string }
	if err := strict.Unmarshal(document, &meta); err != nil {
		return false, err
	}
	if meta.APIVersion != "triggers.tekton.dev/v1beta1" {
		return false, nil
	}
	read := empty(meta.Kind)
	if read == nil {
		return false, fmt.Errorf("kind %q is not known", meta.Kind)
	}
	if err := strict.UnmarshalStrict(document, read); err != nil {
		return false, err
	}
	ctx := contexts.WithUpgradeViaDefaulting(apis.WithinCreate(context.Background()))
	read.SetDefaults(ctx)
	if err := read.Validate(ctx); err != nil {
		return false, err
	}
	return true, nil
}

func run(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	checked := 0
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(text)))
	defer documents.Close()
	buffer := make([]byte, len(text)+1)
	for {
		size, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return checked, nil
		}
		if err != nil {
			return checked, err
		}
		known, err := check(buffer[:size])
		if err != nil {
			return checked, err
		}
		if known {
			checked++
		}
	}
}

func main() {
	checked := 0
	for _, path := range os.Args[1:] {
		found, err := run(path)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
		checked += found
	}
	fmt.Println(checked)
}
