package filer

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// showText answers with a text of our own.
func showText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // a client that has gone needs no answer
}

// showFile answers with a file, or with the one part of it that is asked for. As with Rack, several parts and what cannot be read are the whole.
func showFile(w http.ResponseWriter, r *http.Request, t *target) {
	part, status := parseRange(r.Header.Get("Range"), t.info.Size())
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", t.info.Size()))
		refuse(w, status, "Byte range unsatisfiable\n")
		return
	case http.StatusPartialContent:
		r.Header.Set("Range", part)
	default:
		r.Header.Del("Range")
	}
	w.Header().Set("Content-Type", mimeType(t.path))
	http.ServeContent(w, r, "", t.info.ModTime(), t.file)
}

// parseRange reads "bytes=0-3", "bytes=4-" or "bytes=-4" for a file of a size. The status is OK for the whole file, PartialContent with the
// part in the form "bytes=first-last", or RequestedRangeNotSatisfiable.
func parseRange(header string, size int64) (part string, status int) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !dash || from == "" && to == "" {
		return "", http.StatusOK
	}
	first, err1 := number(from, 0)
	last, err2 := number(to, size-1)
	if err1 != nil || err2 != nil {
		return "", http.StatusOK
	}
	if from == "" { // the last bytes, of which there may be fewer
		first, last = max(0, size-last), size-1
	} else if to != "" && last < first {
		return "", http.StatusOK
	}
	if last = min(last, size-1); first > last {
		return "", http.StatusRequestedRangeNotSatisfiable
	}
	return fmt.Sprintf("bytes=%d-%d", first, last), http.StatusPartialContent
}

// number reads the digits of a range; without any it is what is meant then.
func number(digits string, otherwise int64) (int64, error) {
	if digits == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return int64(n), err
}

// mimeType is what Rack called a file by its name; the tables of today's systems differ.
func mimeType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return "text/html"
	case ".css":
		return "text/css"
	case ".csv":
		return "text/csv"
	case ".js":
		return "application/javascript"
	case ".json":
		return "application/json"
	case ".xml":
		return "application/xml"
	case ".rb":
		return "text/x-script.ruby"
	case ".yml", ".yaml":
		return "text/yaml"
	case ".png":
		return "image/png"
	case ".gif":
		return "image/gif"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".ico":
		return "image/vnd.microsoft.icon"
	case ".svg":
		return "image/svg+xml"
	case ".pdf":
		return "application/pdf"
	case ".zip":
		return "application/zip"
	case ".jar":
		return "application/java-archive"
	case ".gz", ".tgz":
		return "application/x-gzip"
	case ".tar":
		return "application/x-tar"
	case ".class", ".so", ".bin":
		return "application/octet-stream"
	}
	return "text/plain"
}
