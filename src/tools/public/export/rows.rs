//! The rows of a file, from the search to the last byte.

use serde_json::{Value, json};

use super::{
    arguments::{EXPORT, ExportArguments},
    cells::cell,
    columns::{ExportColumn, columns},
};
use crate::{
    facts::{FieldName, MethodName},
    odoo::{Call, OdooError, PageQuery, PermittedOdoo},
    sheets::{Cell, Format, Sheet, SheetError, Summary},
    tools::{
        CallContext, ToolError,
        delivery::{Buffer, Delivered, Outgoing},
    },
};

/// Ids of one search: small answers, and few of them.
const SEARCH_PAGE: u32 = 10_000;
/// Records of one request. Their cells stay well within an answer, and a slow server is not asked for
/// more than it does in a few seconds.
const BATCH: usize = 250;

/// What an export made.
#[derive(Debug)]
pub(super) struct Exported {
    pub(super) file: Delivered,
    pub(super) records: u64,
    pub(super) columns: usize,
    pub(super) summary: Summary,
    /// There are more records than were exported.
    pub(super) has_more: bool,
}

/// Searches, exports batch by batch and writes. `None` where nothing matches.
pub(super) async fn export(
    asked: ExportArguments,
    format: Format,
    mime_type: &str,
    cx: &CallContext<'_>,
) -> Result<Option<Exported>, ToolError> {
    let odoo = cx.odoo(&asked.scope.connection)?;
    let columns = columns(&odoo, &asked.model, &asked.fields, asked.import_compat).await?;
    let ending = if matches!(format, Format::Csv(_)) { "csv" } else { "xlsx" };
    let name = format!("{}.{ending}", asked.model);
    // A wrong path is refused before Odoo is asked for anything.
    let outgoing = Outgoing::begin(cx.files(), &name, &asked.save_path).await?;
    let context = asked.context()?;
    let limit = asked.limit.get();
    let export = Call::new(&asked.model, MethodName::known(EXPORT))
        .arg("fields_to_export", json!(asked.fields))
        .within(&context);
    let (ids, has_more) = found(&odoo, asked, limit).await?;
    if ids.is_empty() {
        return Ok(None);
    }
    let buffer = Buffer::default();
    let headers: Vec<_> = columns.iter().map(|column| column.sheet.clone()).collect();
    let sheet = Sheet::begin(buffer.clone(), &format, &headers).map_err(refused)?;
    let mut writing = Writing { sheet, buffer, outgoing, columns: &columns };
    let mut done = 0;
    for batch in ids.chunks(BATCH) {
        for (records, rows) in exported(&odoo, &export, batch).await? {
            let are_records = rows.len() == records;
            writing.rows(rows, are_records).await?;
        }
        done += batch.len();
        cx.progress().report(done as f64, Some(ids.len() as f64), "exporting records");
    }
    let (file, summary) = writing.finish(mime_type).await?;
    Ok(Some(Exported { file, records: ids.len() as u64, columns: columns.len(), summary, has_more }))
}

/// Ids of the records, no more than the limit, and whether there are more.
async fn found(
    odoo: &PermittedOdoo<'_>,
    asked: ExportArguments,
    limit: u32,
) -> Result<(Vec<i64>, bool), ToolError> {
    let order = asked.order.stable(odoo, &asked.model).await;
    let mut query = PageQuery {
        model: asked.model,
        domain: asked.domain.into_domain()?,
        fields: FieldName::parse("id").into_iter().collect(),
        limit: SEARCH_PAGE,
        offset: 0,
        order: Some(order),
        context: asked.scope.context()?,
    };
    let mut ids: Vec<i64> = Vec::new();
    loop {
        // One more than wanted tells whether there are more.
        query.limit = SEARCH_PAGE.min(limit + 1 - query.offset);
        // Rows of nothing but ids: the order of the model, which nobody named, is no field of the call.
        let page = odoo.search_rows(&query).await?;
        let is_last = page.len() < query.limit as usize;
        ids.extend(page.iter().filter_map(|row| row.get("id").and_then(Value::as_i64)));
        query.offset += query.limit;
        if is_last || query.offset > limit {
            break;
        }
    }
    let has_more = ids.len() > limit as usize;
    ids.truncate(limit as usize);
    // A record that moved between two pages is there once.
    let mut seen = std::collections::HashSet::with_capacity(ids.len());
    ids.retain(|id| seen.insert(*id));
    Ok((ids, has_more))
}

/// The lines of some records, with how many records they are of. A batch whose answer is too large is asked for in halves.
async fn exported(
    odoo: &PermittedOdoo<'_>,
    export: &Call,
    ids: &[i64],
) -> Result<Vec<(usize, Vec<Value>)>, ToolError> {
    let mut open = vec![ids];
    let mut answers = Vec::new();
    while let Some(batch) = open.pop() {
        match odoo.call(export.clone().on(batch)).await {
            Ok(answer) => answers.push((batch.len(), lines(answer)?)),
            Err(OdooError::TooLarge { .. }) if batch.len() > 1 => {
                let (first, second) = batch.split_at(batch.len() / 2);
                open.extend([second, first]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answers)
}

fn lines(answer: Value) -> Result<Vec<Value>, ToolError> {
    match answer {
        Value::Object(mut members) => match members.remove("datas") {
            Some(Value::Array(lines)) => Ok(lines),
            _ => Err(no_table()),
        },
        _ => Err(no_table()),
    }
}

fn no_table() -> ToolError {
    ToolError::Stopped {
        code: "bad_answer",
        message: "odoo answered the export with something that is no table".to_owned(),
        hint: None,
    }
}

/// A file while its rows come in.
struct Writing<'a> {
    sheet: Sheet<Buffer>,
    buffer: Buffer,
    outgoing: Outgoing<'a>,
    columns: &'a [ExportColumn],
}

impl Writing<'_> {
    /// Old versions write nothing where a number is zero. Where every row is a record of its own, an
    /// empty number is a zero.
    async fn rows(&mut self, rows: Vec<Value>, are_records: bool) -> Result<(), ToolError> {
        let typed = |(column, value): (&ExportColumn, Value)| match cell(&column.kind, value) {
            Cell::Empty if are_records && column.is_own_number => Cell::Integer(0),
            cell => cell,
        };
        for row in rows {
            let Value::Array(values) = row else { return Err(no_table()) };
            let cells: Vec<Cell> = self.columns.iter().zip(values).map(typed).collect();
            self.sheet.row(&cells).map_err(refused)?;
        }
        self.outgoing.write(&self.buffer.take()).await
    }

    async fn finish(mut self, mime_type: &str) -> Result<(Delivered, Summary), ToolError> {
        let (_, summary) = self.sheet.finish().map_err(refused)?;
        self.outgoing.write(&self.buffer.take()).await?;
        Ok((self.outgoing.finish(mime_type).await?, summary))
    }
}

fn refused(error: SheetError) -> ToolError {
    match error {
        SheetError::Io(error) => ToolError::Internal { detail: error.to_string().into() },
        other => ToolError::too_large(other.to_string(), "export fewer records or columns, or as CSV"),
    }
}
