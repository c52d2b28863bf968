package gems_test

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// built are the gems that most tests need.
var built struct {
	once sync.Once
	dir  string
}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "minicf-gems-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(built.dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// stagingLimit is long enough for any tool on a busy machine.
const stagingLimit = time.Minute

// gone reports whether a process is no more, or a zombie.
func gone(pid string) bool {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	return err != nil || strings.Contains(string(status), "State:\tZ")
}
