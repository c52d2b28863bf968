package audited_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/isolationtest"
	"github.com/minicf/minicf/examples/isolation/audited"
)

func TestAuditedPassesTheConformanceSuite(t *testing.T) {
	t.Parallel()
	isolationtest.Run(t, func(testing.TB) isolation.Backend { return audited.New(slog.New(slog.DiscardHandler)) })
}

func TestHowtoShowsThisBackend(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/howto/isolation.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("audited.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(code), "// Backend does what")
	if !strings.Contains(string(page), "// Backend does what"+body) {
		t.Error("docs/howto/isolation.md does not show audited.go as it is")
	}
}
