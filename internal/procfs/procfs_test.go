package procfs

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestStatLineIsReadWhateverTheProgramIsCalled(t *testing.T) {
	t.Parallel()
	const rest = " 4700 4711 4712 0 -1 4194304 9 9 9 9 150 50 25 75 20 0 1 0 987654 1000000 256 18446744073709551615 1 1\n"
	for _, name := range []string{"ruby", "my app", "a) S 1 (b", ")", "", "grüße"} {
		got, err := parse([]byte("4711 (" + name + ") S" + rest))
		want := Stat{
			PID: 4711, Parent: 4700, Group: 4711, Session: 4712, Start: 987654, Name: name,
			CPU: 3 * time.Second, MemoryKB: 256 * int64(os.Getpagesize()) / 1024,
		}
		if err != nil || got != want {
			t.Errorf("name %q: %+v, %v\nwant %+v", name, got, err, want)
		}
	}
	if got, err := parse([]byte("4711 (x) Z" + rest)); err != nil || !got.Dead {
		t.Errorf("a zombie: %+v, %v, want it dead", got, err)
	}
}

func TestThreadOfTheKernelIsKnown(t *testing.T) {
	t.Parallel()
	got, err := parse([]byte("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 7 0 0 18446744073709551615 0 0\n"))
	if err != nil || !got.Kernel {
		t.Errorf("kthreadd: %+v, %v, want one of the kernel's", got, err)
	}
}

func TestStatLineThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"", "()", "1 (x", "1 (x) S 1 2 3", "x (x) S" + strings.Repeat(" 1", 30), "1 (x) S" + strings.Repeat(" y", 30)} {
		if got, err := parse([]byte(line)); err == nil {
			t.Errorf("%q: %+v, want an error", line, got)
		}
	}
}

func TestHomeIsFoundInAnEnvironment(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]string{
		"HOME=/a\x00B=1\x00":                     "/a",
		"B=HOME=/no\x00HOME=/a b\nc\x00":         "/a b\nc",
		"MYHOME=/no\x00HOMES=/no\x00":            "",
		"":                                       "",
		"X=1\x00HOME=/first\x00HOME=/second\x00": "/first",
	} {
		if got := Value([]byte(env), "HOME"); got != want {
			t.Errorf("HOME of %q = %q, want %q", env, got, want)
		}
	}
}
