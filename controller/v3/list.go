package v3

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPage = 50
	maxPage     = 5000
)

// listing says how a collection can be asked for. A parameter that does not stand here is an error: one that was ignored could
// push onto the wrong app.
type listing[T record] struct {
	filters map[string]filter[T]
	orders  map[string]func(a, b T) int // besides created_at and updated_at
	// include are the values of include, each with what it adds to the answer.
	include map[string]func(some []T) (key string, all []object, err error)
}

// filter reports whether a record is one of those that the values of a parameter ask for.
type filter[T record] func(v T, values []string) bool

// oneOf is a filter by something of which each record has one.
func oneOf[T record](of func(T) string) filter[T] {
	return func(v T, values []string) bool { return slices.Contains(values, of(v)) }
}

// named is a filter by a name, in which case does not count.
func named[T record](of func(T) string) filter[T] {
	return func(v T, names []string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return sameName(n, of(v)) })
	}
}

// anyOf is a filter by something of which a record may have several.
func anyOf[T record](of func(T) []string) filter[T] {
	return func(v T, values []string) bool {
		return slices.ContainsFunc(of(v), func(s string) bool { return slices.Contains(values, s) })
	}
}

// list answers with the page of a collection that was asked for.
func list[T record](c *call, l listing[T], all []T, view func(T) object) error {
	q := c.URL.Query()
	if err := l.check(q); err != nil {
		return err
	}
	all, err := l.choose(all, q)
	if err != nil {
		return err
	}
	if err := l.sort(all, q.Get("order_by")); err != nil {
		return err
	}
	p, err := pageOf(q, len(all))
	if err != nil {
		return err
	}
	all = all[p.from:p.to]
	answer := object{"pagination": p.view(c), "resources": viewAll(all, view)}
	if err := l.addIncluded(answer, q, all); err != nil {
		return err
	}
	return c.json(http.StatusOK, answer)
}

func viewAll[T any](all []T, view func(T) object) []object {
	shown := make([]object, len(all))
	for i, v := range all {
		shown[i] = view(v)
	}
	return shown
}

// check refuses parameters that have no meaning here.
func (l listing[T]) check(q url.Values) error {
	allowed := []string{"page", "per_page", "order_by", "guids", "label_selector"}
	allowed = append(allowed, slices.Sorted(maps.Keys(l.filters))...)
	if l.include != nil {
		allowed = append(allowed, "include")
	}
	var unknown []string
	for key := range q {
		if !slices.Contains(allowed, key) {
			unknown = append(unknown, "'"+key+"'")
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return badQuery("Unknown query parameter(s): %s. Valid parameters are: '%s'", strings.Join(unknown, ", "), strings.Join(allowed, "', '"))
}

// choose leaves those that fit every filter. Values are separated by commas; an empty value is one too: paths= asks for routes without a path.
func (l listing[T]) choose(all []T, q url.Values) ([]T, error) {
	selector, err := parseSelector(q.Get("label_selector"))
	if err != nil {
		return nil, err
	}
	fits := func(v T) bool {
		h := v.top()
		if q.Has("guids") && !slices.Contains(values(q, "guids"), h.GUID) || !selector.fits(h.Labels) {
			return false
		}
		for key, f := range l.filters {
			if q.Has(key) && !f(v, values(q, key)) {
				return false
			}
		}
		return true
	}
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return !fits(v) }), nil
}

// values are those of a list parameter.
func values(q url.Values, key string) []string { return strings.Split(q.Get(key), ",") }

// sort orders by order_by, the oldest first when nothing was said. What is equal is ordered by age.
func (l listing[T]) sort(all []T, by string) error {
	key, down := strings.CutPrefix(by, "-")
	order := l.orders[key]
	switch key {
	case "", "created_at":
		order = byAge[T]
	case "updated_at":
		order = func(a, b T) int { return a.top().UpdatedAt.Compare(b.top().UpdatedAt) }
	}
	if order == nil {
		known := slices.Concat([]string{"created_at", "updated_at"}, slices.Sorted(maps.Keys(l.orders)))
		return badQuery("Order by can only be: '%s'", strings.Join(known, "', '"))
	}
	slices.SortFunc(all, func(a, b T) int {
		d := cmp.Or(order(a, b), byAge(a, b))
		if down {
			return -d
		}
		return d
	})
	return nil
}

// addIncluded adds what include asks for.
func (l listing[T]) addIncluded(answer object, q url.Values, some []T) error {
	if !q.Has("include") {
		return nil
	}
	included := object{}
	for _, name := range values(q, "include") {
		f := l.include[name]
		if f == nil {
			return badQuery("Invalid included resource: '%s'. Valid included resources are: '%s'",
				name, strings.Join(slices.Sorted(maps.Keys(l.include)), "', '"))
		}
		key, all, err := f(some)
		if err != nil {
			return err
		}
		included[key] = all
	}
	answer["included"] = included
	return nil
}

// page is a part of a list.
type page struct {
	number, size, total int
	from, to            int
}

func pageOf(q url.Values, total int) (page, error) {
	p := page{number: 1, size: defaultPage, total: total}
	var err error
	if q.Has("page") {
		if p.number, err = strconv.Atoi(q.Get("page")); err != nil || p.number < 1 {
			return p, badQuery("Page must be a positive integer")
		}
	}
	if q.Has("per_page") {
		if p.size, err = strconv.Atoi(q.Get("per_page")); err != nil || p.size < 1 || p.size > maxPage {
			return p, badQuery("Per page must be between 1 and %d", maxPage)
		}
	}
	p.from = min(total, min(p.number-1, total)*p.size)
	p.to = min(total, p.from+p.size)
	return p, nil
}

func (p page) view(c *call) object {
	last := max(1, (p.total+p.size-1)/p.size)
	o := object{
		"total_results": p.total, "total_pages": last, "first": p.link(c, 1), "last": p.link(c, last), "next": nil, "previous": nil,
	}
	if p.number < last {
		o["next"] = p.link(c, p.number+1)
	}
	if p.number > 1 {
		o["previous"] = p.link(c, p.number-1)
	}
	return o
}

func (p page) link(c *call, number int) object {
	q := c.URL.Query()
	q.Set("page", strconv.Itoa(number))
	q.Set("per_page", strconv.Itoa(p.size))
	return object{"href": c.base() + c.URL.Path + "?" + q.Encode()}
}
