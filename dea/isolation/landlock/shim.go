package landlock

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

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/process"
)

// shimName is what the program is called when it is to be the shim. Nobody else calls it so.
const shimName = "minicf-landlock-shim"

// Files that the shim is started with.
const (
	orderFile  = 3 // what to become
	reportFile = 4 // the system's error, if it could not; closed without a word when it has
)

// Shim is how a program starts itself again. The zero value cannot.
type Shim struct{ path string }

// Enter must be the first thing that a program does that uses this backend; args are os.Args. Where the program was started to be an instance it
// becomes that and does not return, unless it fails.
func Enter(args []string) (Shim, error) {
	if len(args) > 0 && args[0] == shimName {
		return Shim{}, become()
	}
	path, err := os.Executable()
	if err != nil {
		return Shim{}, nil // the backend says so when it is wanted
	}
	return Shim{path}, nil
}

// Ready reports whether instances can be started by it.
func (s Shim) Ready() bool { return s.path != "" }

// order is what the shim is to do. Arguments and environment may be any bytes, of which JSON would make text.
type order struct {
	Path        string
	Args, Env   [][]byte
	Read, Write []string
	Scoped      bool // signal nobody but the family
	FDs         int  // open files to which the process was limited since it began; 0 if it was not
}

// wrap makes a script's command one of the shim. The environment reaches the shim as an order and not as its own: what an app sets there, such as
// LD_PRELOAD, must not act on a process that is still free.
func (s Shim) wrap(opts Options, spec isolation.Spec, c *process.Command) (started func() error, err error) {
	if !s.Ready() {
		return nil, errors.New("this program does not know where it is, and cannot start itself again")
	}
	text, err := json.Marshal(order{
		Path: c.Path, Args: toBytes(c.Args), Env: toBytes(c.Env), Scoped: !c.Stop, FDs: spec.Limits.FDs,
		Read: readable(spec, opts), Write: writable(spec, opts),
	})
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
	c.Path, c.Args, c.Files = s.path, []string{shimName}, []*os.File{orderOut, reportIn}
	c.Env = []string{isolation.IDVariable + "=" + spec.ID}
	return func() error {
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
	}, nil
}

// readReport makes an error of the shim's one of ours, so that callers recognise the system's.
func readReport(report string) error {
	if n, err := strconv.Atoi(report); err == nil {
		return syscall.Errno(n)
	}
	return errors.New(report)
}

// become is the shim: it reads its order, gives up its rights and executes the script. It returns only if that fails.
func become() error {
	runtime.LockOSThread() // what it renounces is the thread's, and the script inherits that of the thread that executes it
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

// errRestrict marks what went wrong before the script was executed.
var errRestrict = errors.New("give up rights")

func obey(from *os.File) error {
	var o order
	if err := json.NewDecoder(from).Decode(&o); err != nil {
		return fmt.Errorf("%w: read the order: %w", errRestrict, err)
	}
	if err := restrict(o); err != nil {
		return fmt.Errorf("%w: %w", errRestrict, err)
	}
	if o.FDs > 0 {
		keepFileLimit()
	}
	return syscall.Exec(o.Path, toStrings(o.Args), toStrings(o.Env))
}

// keepFileLimit makes Exec leave the limit of open files as it is. Go programs raise it for themselves when they begin, and Exec would put back what it
// was then.
func keepFileLimit() {
	var now syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now) == nil {
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
