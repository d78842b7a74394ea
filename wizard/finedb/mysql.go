package finedb

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strconv"
	"strings"

	"example.com/wsdoctor/probes/cluster"
	"github.com/go-sql-driver/mysql"
)

// mysqlServer reads MySQL and MariaDB.
type mysqlServer struct{}

type mysqlSession struct {
	db *sql.DB
	tx *sql.Tx
}

// mysqlTLS are the driver's words.
var mysqlTLS = map[TLS]string{"": "preferred", Preferred: "preferred", Plain: "false", Required: "skip-verify", Verified: "true"}

func (mysqlServer) open(ctx context.Context, s Source) (session, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = s.User, s.Password.Reveal(), s.Database
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = connectTimeout, readTimeout, connectTimeout
	cfg.TLSConfig = mysqlTLS[s.TLS]
	cfg.InterpolateParams = true // no prepared statement is left on the server
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	db := &mysqlSession{db: sql.OpenDB(connector)}
	db.db.SetMaxOpenConns(1)
	// The first connection is made here, within the time for connecting; the transaction outlives it.
	if err := db.db.PingContext(ctx); err != nil {
		db.close(ctx)
		return nil, err
	}
	return db, nil
}

// begin starts the transaction with the context of the first query: database/sql rolls back when that one ends.
func (db *mysqlSession) begin(ctx context.Context) (err error) {
	if db.tx == nil {
		db.tx, err = db.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	}
	return err
}

func (db *mysqlSession) tables(ctx context.Context) ([]place, error) {
	if err := db.begin(ctx); err != nil {
		return nil, err
	}
	var out []place
	err := db.each(ctx, `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
		WHERE LOWER(TABLE_NAME) = ? AND (TABLE_SCHEMA = DATABASE() OR DATABASE() IS NULL) ORDER BY 1, 2`, []any{Table}, func(a, b string) {
		out = append(out, place{a, b})
	})
	return out, err
}

func (db *mysqlSession) ids(ctx context.Context, p place, f func(string)) error {
	return db.each(ctx, "SELECT id, '' FROM "+p.mysql(), nil, func(id, _ string) { f(id) })
}

func (db *mysqlSession) rows(ctx context.Context, p place, ids []string) (out []cluster.Row, err error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	query := "SELECT id, value FROM " + p.mysql() + " WHERE id IN (?" + strings.Repeat(",?", len(ids)-1) + ") ORDER BY id"
	err = db.each(ctx, query, args, func(id, value string) { out = append(out, cluster.Row{ID: id, Value: value}) })
	return out, err
}

// each calls f with the two columns of each row; NULL is "".
func (db *mysqlSession) each(ctx context.Context, query string, args []any, f func(a, b string)) error {
	rows, err := db.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a, b sql.NullString
		if err := rows.Scan(&a, &b); err != nil {
			return err
		}
		f(a.String, b.String)
	}
	return rows.Err()
}

func (p place) mysql() string {
	quote := func(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
	return quote(p.schema) + "." + quote(p.table)
}

func (db *mysqlSession) close(context.Context) {
	if db.tx != nil {
		_ = db.tx.Rollback() // nothing was written, and the connection ends
	}
	_ = db.db.Close()
}

// explain knows the numbers of the MySQL Server Error Message Reference.
func (mysqlServer) explain(s Source, err error) error {
	var my *mysql.MySQLError
	if !errors.As(err, &my) {
		return s.failure(err)
	}
	switch my.Number {
	case 1045, 1698:
		return s.refused()
	case 1049:
		return s.wrap("there is no database %q on this server, expected the product's FineDB", s.Database)
	case 1044, 1142, 1143:
		return s.wrap("%s; expected a user that may read %s: GRANT SELECT ON %s TO …", my.Message, Table, Table)
	case 1130:
		return s.wrap("the server lets nobody in from this host: %s", my.Message)
	case 1054:
		return s.wrap("%s has other columns than id and value, expected the product's FineDB", Table)
	}
	return s.wrap("%s (error %d)", my.Message, my.Number)
}
