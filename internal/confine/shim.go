package confine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// shimName is what the program is called when it is to be the shim. Nobody else calls it so.
const shimName = "minicf-confine-shim"

// Files that the shim is started with.
const (
	orderFile  = 3 // what to become
	reportFile = 4 // the system's error, if it could not; closed without a word when it has
)

// Shim is how a program starts itself again. The zero value cannot.
type Shim struct{ path string }

// Enter must be the first thing that a program does that confines others; args are os.Args. Where the program was started to be a shim it becomes what
// it was ordered to and does not return, unless it fails.
func Enter(args []string) (Shim, error) {
	if len(args) > 0 && args[0] == shimName {
		return Shim{}, become()
	}
	path, err := os.Executable()
	if err != nil {
		return Shim{}, nil // Ready says so
	}
	return Shim{path}, nil
}

// Ready reports whether programs can be started by it.
func (s Shim) Ready() bool { return s.path != "" }

// Program is what to become.
type Program struct {
	Path string
	Args []string // as the program sees them: its own name first
	Env  []string // complete
}

// Start is how to start a shim: a path, its arguments, and the files that it has open from descriptor 3 on. Its environment is the caller's choice: what
// the program's own has in it, such as LD_PRELOAD, must not act on a process that is still free.
type Start struct {
	Path  string
	Args  []string
	Files []*os.File

	// Started has to be called once the shim runs, or could not be started. It returns when the program runs. Its error means that it does not, and may
	// be the system's error about that. It closes the files.
	Started func() error
}

// order is what the shim is to do. Arguments and environment may be any bytes, of which JSON would make text.
type order struct {
	Path      string
	Args, Env [][]byte
	Rights
}

// Confine prepares the start of a program with no more than these rights.
func (s Shim) Confine(p Program, r Rights) (*Start, error) {
	if !s.Ready() {
		return nil, errors.New("this program does not know where it is, and cannot start itself again")
	}
	text, err := json.Marshal(order{Path: p.Path, Args: toBytes(p.Args), Env: toBytes(p.Env), Rights: r})
	if err != nil {
		return nil, err
	}
	orderOut, orderIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	reportOut, reportIn, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, orderOut.Close(), orderIn.Close())
	}
	started := func() error {
		orderOut.Close()
		reportIn.Close()
		var writing sync.WaitGroup
		writing.Go(func() {
			_, _ = orderIn.Write(text) // a shim that has died reports nothing good either
			orderIn.Close()
		})
		report, err := io.ReadAll(reportOut)
		reportOut.Close()
		writing.Wait()
		if err != nil || len(report) == 0 {
			return err
		}
		return readReport(string(report))
	}
	return &Start{Path: s.path, Args: []string{shimName}, Files: []*os.File{orderOut, reportIn}, Started: started}, nil
}

// readReport makes an error of the shim's one of ours, so that callers recognise the system's.
func readReport(report string) error {
	if n, err := strconv.Atoi(report); err == nil {
		return syscall.Errno(n)
	}
	return errors.New(report)
}

// become is the shim: it reads its order, gives up its rights and executes the program. It returns only if that fails.
func become() error {
	runtime.LockOSThread() // what it renounces is the thread's, and the program inherits that of the thread that executes it
	syscall.CloseOnExec(orderFile)
	syscall.CloseOnExec(reportFile)
	report := os.NewFile(reportFile, "report")
	err := obey(os.NewFile(orderFile, "order"))
	if errno, ok := errors.AsType[syscall.Errno](err); ok && !errors.Is(err, errRestrict) {
		fmt.Fprint(report, int(errno))
	} else {
		fmt.Fprint(report, err)
	}
	return err
}

// errRestrict marks what went wrong before the program was executed.
var errRestrict = errors.New("give up rights")

func obey(from *os.File) error {
	var o order
	if err := json.NewDecoder(from).Decode(&o); err != nil {
		return fmt.Errorf("%w: read the order: %w", errRestrict, err)
	}
	if err := restrict(o.Rights); err != nil {
		return fmt.Errorf("%w: %w", errRestrict, err)
	}
	keepFileLimit()
	return syscall.Exec(o.Path, toStrings(o.Args), toStrings(o.Env))
}

// keepFileLimit leaves a limit of open files to the program that somebody has set since the shim began. Go programs raise theirs then, to one less
// than they may so that this can be seen, and put back what it was when they become another program.
func keepFileLimit() {
	var now syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now) == nil && now.Cur != now.Max-1 {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now) // to what it is: what matters is that it was set
	}
}

func toBytes(all []string) [][]byte {
	out := make([][]byte, len(all))
	for i, s := range all {
		out[i] = []byte(s)
	}
	return out
}

func toStrings(all [][]byte) []string {
	out := make([]string, len(all))
	for i, b := range all {
		out[i] = string(b)
	}
	return out
}
