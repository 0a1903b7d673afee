//go:build tools

// Package tools pins Tekton Pipelines, which the end-to-end test runs on.
package tools

import _ "github.com/tektoncd/pipeline/cmd/controller"
