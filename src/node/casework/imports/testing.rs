//! Files of rows for the tests of imports.

use std::io::Cursor;

use sha2::{Digest as _, Sha256};

use crate::node::casework::testing::TestDesk;
use crate::node::casework::{Error, ImportReport, NewImport};
use crate::policy::{Action, Actor};

pub(super) const HEADER: &str = "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of Transport,Declarant ID,Importer ID,Seller ID,Courier ID,HS6 Code,Country of Departure,Country of Origin,Tax Rate,Tax Type,Country of Origin Indicator,Net Mass,Item Price,Fraud,Critical Fraud";

pub(super) fn row(id: &str, hs6: &str, mass: &str, price: &str) -> String {
    format!("{id},2021-01-01,40,B,11,11,11,40,D1,I1,S1,,{hs6},CN,CN,7.2,A,E,{mass},{price},0,0\n")
}

/// Imports declarations under the mapping that ships.
pub(super) async fn import(
    test: &TestDesk,
    actor: &Actor,
    file: String,
) -> Result<ImportReport, Error> {
    import_as(test, actor, NewImport::default(), file.as_bytes(), file.as_bytes()).await
}

/// Announces a file, and sends bytes that may be others.
pub(super) async fn import_as(
    test: &TestDesk,
    actor: &Actor,
    input: NewImport,
    announced: &[u8],
    sent: &[u8],
) -> Result<ImportReport, Error> {
    let permit = test.may(actor, Action::Import, None).await;
    let input = NewImport {
        source: "test.csv".to_owned(),
        sha256: hex::encode(Sha256::digest(announced)),
        bytes: announced.len() as u64,
        ..input
    };
    let begun = test.desk.begin_import(&permit, input).await?;
    let id = begun.id.parse().map_err(Error::internal)?;
    test.desk.import_rows(&permit, id, Cursor::new(sent.to_vec())).await
}
