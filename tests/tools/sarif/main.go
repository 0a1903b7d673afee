// Command sarif-check holds SARIF files against the JSON schema of SARIF 2.1.0.
//
// Usage: sarif-check FILE...
//
// The schema beside this file is that of OASIS, as published with errata 01 of 28 August 2023:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/xeipuuv/gojsonschema"
)

//go:embed sarif-schema-2.1.0.json
var schema []byte

func check(schema *gojsonschema.Schema, text []byte) error {
	result, err := schema.Validate(gojsonschema.NewBytesLoader(text))
	if err != nil {
		return err
	}
	if !result.Valid() {
		return fmt.Errorf("%v", result.Errors())
	}
	return nil
}

func run(names []string) error {
	if len(names) == 0 {
		return fmt.Errorf("usage: sarif-check FILE...")
	}
	read, err := gojsonschema.NewSchema(gojsonschema.NewBytesLoader(schema))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err == nil {
			err = check(read, text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Printf("%s: SARIF 2.1.0\n", name)
	}
	return nil
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
