package process

import (
	"context"
	"time"
)

// process is a line of the process table.
type process struct {
	pid, parent    int
	group, session int // session is 0 where the system does not tell
	start          uint64
	name           string        // of the program, for people
	dead           bool          // ended, and not yet waited for by its parent
	cpu            time.Duration // used by itself and by those of its children that it has waited for
	memoryKB       int64         // resident
	identity
}

// identity is what Linux alone tells, and only about processes that the DEA may look into.
type identity struct {
	id   string // isolation.IDVariable in the environment it was executed with
	home string // HOME in the environment it was executed with
	cwd  string // working directory, of detached processes without a HOME
}

// table reads the system's process table.
type table interface {
	// all returns every process but the kernel's own. It need not look up again who the processes of an earlier look are, which is what takes
	// longest: known may be nil.
	all(ctx context.Context, known *snapshot) ([]process, error)
	// startOf tells when the process with this id started, in a unit of the table's own; not ok when there is none.
	startOf(ctx context.Context, pid int) (start uint64, ok bool)
}
