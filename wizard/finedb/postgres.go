package finedb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgres reads PostgreSQL and what speaks like it. Without a password of ours, the driver looks where libpq does
// (PGPASSWORD, ~/.pgpass).
type postgres struct{}

type postgresSession struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

func (postgres) open(ctx context.Context, s Source) (session, error) {
	tls := s.TLS
	if tls == "" {
		tls = Preferred
	}
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	dsn := ""
	for _, kv := range [][2]string{{"host", s.Host}, {"port", strconv.Itoa(s.Port)}, {"user", s.User}, {"dbname", s.Database}, {"sslmode", string(tls)}} {
		if kv[1] != "" {
			dsn += fmt.Sprintf("%s='%s' ", kv[0], quote.Replace(kv[1]))
		}
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if !s.Password.IsZero() {
		cfg.Password = s.Password.Reveal()
	}
	// A pooler in between (pgbouncer) takes no other parameter at the start, and keeps no prepared statement.
	cfg.RuntimeParams = map[string]string{"application_name": "wsdoctor"}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := &postgresSession{conn: conn}
	if db.tx, err = conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly, IsoLevel: pgx.RepeatableRead}); err == nil {
		ms := strconv.FormatInt(readTimeout.Milliseconds(), 10)
		_, err = db.tx.Exec(ctx, "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)", ms)
	}
	if err != nil {
		db.close(ctx)
		return nil, err
	}
	return db, nil
}

func (db *postgresSession) tables(ctx context.Context) ([]place, error) {
	rows, err := db.tx.Query(ctx, `SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE lower(c.relname::text) = $1 AND c.relkind IN ('r','v','m','p','f') ORDER BY pg_catalog.pg_table_is_visible(c.oid) DESC, 1, 2`, Table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (p place, err error) {
		err = r.Scan(&p.schema, &p.table)
		return p, err
	})
}

func (db *postgresSession) ids(ctx context.Context, p place, f func(string)) error {
	rows, err := db.tx.Query(ctx, "SELECT id::text FROM "+pgx.Identifier{p.schema, p.table}.Sanitize())
	if err != nil {
		return err
	}
	var id *string
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error {
		if id != nil {
			f(*id)
		}
		return nil
	})
	return err
}

func (db *postgresSession) rows(ctx context.Context, p place, ids []string) ([]cluster.Row, error) {
	rows, err := db.tx.Query(ctx, "SELECT id::text, coalesce(value::text, '') FROM "+pgx.Identifier{p.schema, p.table}.Sanitize()+" WHERE id = ANY($1::text[]) ORDER BY 1", ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (row cluster.Row, err error) {
		err = r.Scan(&row.ID, &row.Value)
		return row, err
	})
}

func (db *postgresSession) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if db.tx != nil {
		_ = db.tx.Rollback(ctx) // nothing was written, and the connection ends
	}
	_ = db.conn.Close(ctx)
}

// explain knows the codes of PostgreSQL's manual, appendix A.
func (postgres) explain(s Source, err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return s.failure(err)
	}
	switch pg.Code {
	case "28P01":
		return s.refused()
	case "28000":
		return s.wrap("the server lets %q not in from here: %s", s.User, pg.Message)
	case "3D000":
		return s.wrap("there is no database %q on this server, expected the product's FineDB", s.Database)
	case "42501":
		return s.wrap("%s; expected a user that may read %s: GRANT SELECT ON %s TO %s", pg.Message, Table, Table, pgx.Identifier{s.User}.Sanitize())
	case "42703":
		return s.wrap("%s has other columns than id and value, expected the product's FineDB", Table)
	case "57014", "55P03":
		return s.wrap("the table did not answer within %s (%s): somebody holds a lock on it", readTimeout, pg.Message)
	}
	return s.wrap("%s (SQLSTATE %s)", pg.Message, pg.Code)
}
