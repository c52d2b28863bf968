package process_test

import (
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/isolationtest"
	"github.com/minicf/minicf/dea/isolation/process"
)

func TestProcessPassesTheConformanceSuite(t *testing.T) {
	t.Parallel()
	isolationtest.Run(t, func(testing.TB) isolation.Backend { return process.New() })
}
